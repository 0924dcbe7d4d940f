import { beforeEach, describe, expect, test } from "vitest";
import type { EmulatedEstate, Hypervisor, ItemOperation, ItemOperations } from "../../src/hypervisor/port.js";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorHarness, EXECUTION } from "../support/emulator-harness.js";
import { smallWorld } from "../support/worlds.js";

type Estate = Hypervisor & EmulatedEstate;

/** What each process keeps in memory of an estate that other processes change: read, write elsewhere, read again. */
export function cacheSuite(name: string, open: () => Tables): void {
  describe(`what processes remember of the estate on ${name}`, () => {
    let harness: EmulatorHarness;
    let here: Estate;
    let there: Estate;
    beforeEach(async () => {
      harness = await EmulatorHarness.open(open());
      await harness.load(smallWorld(3));
      [here, there] = [harness.emulator("realistic", 1, 3), harness.emulator("realistic", 1, 3)];
    });

    const run = <O extends ItemOperation>(
      estate: Estate,
      operation: O,
      params: ItemOperations[O]["params"],
      itemId = "item-1",
    ) => {
      const key = `${EXECUTION}/${operation}/${itemId}`;
      return estate.runOnItem({ worldId: harness.worldId, executionId: EXECUTION, key, itemId, operation, params });
    };
    const done = async (estate: Estate, operation: "shut-down-source" | "final-synchronise" | "stop-replication") => {
      const reply = await harness.ended(() => run(estate, operation, {}));
      expect(reply.state).toBe("done");
    };

    test("an item that another process has changed is read again before it is changed", async () => {
      await done(here, "shut-down-source");
      await done(there, "final-synchronise");
      await done(here, "stop-replication");
      const ledger = await harness.estate.ledger(harness.worldId, { itemId: "item-1" });
      expect(ledger.map(({ operation }) => operation)).toEqual([
        "shut-down-source",
        "final-synchronise",
        "stop-replication",
      ]);
    });

    test("slots that another process has taken count", async () => {
      const begun = async (estate: Estate, itemId: string): Promise<boolean> => {
        const reply = await run(estate, "shut-down-source", {}, itemId);
        return reply.state === "waiting" && reply.begun;
      };
      expect(await begun(here, "item-1")).toBe(true);
      expect(await begun(there, "item-2")).toBe(true);
      // One of three slots is kept for undo operations.
      expect(await begun(here, "item-3")).toBe(false);
    });

    test("a slot of an earlier load of the world is not a slot of this one", async () => {
      await done(here, "shut-down-source");
      await harness.load(smallWorld(3));
      harness.clock.pass(5);
      const begins = [];
      for (const [estate, itemId] of [
        [here, "item-1"],
        [here, "item-2"],
        [there, "item-3"],
      ] as const) {
        const reply = await run(estate, "shut-down-source", {}, itemId);
        begins.push(reply.state === "waiting" && reply.begun);
      }
      expect(begins).toEqual([true, true, false]);
    });

    test("an item that cannot be read does not keep others from being described, few or many of them", async () => {
      await harness.load(smallWorld(12));
      const rows = harness.tables.table("Estate");
      const shard = "small:3:0";
      expect(await rows.get(shard, "state:item-12")).toMatchObject({ row: "state:item-12" });
      await rows.transact(shard, [{ kind: "put", row: "state:item-12", schema: 1, json: "{" }]);
      for (const count of [2, 11]) {
        const itemIds = Array.from({ length: count }, (_, at) => `item-${at + 1}`);
        const described = await here.describeItems(harness.worldId, itemIds);
        expect(described.map(({ item }) => item.id)).toEqual(itemIds);
      }
      const all = here.describeItems(harness.worldId, ["item-1", "item-12"]);
      await expect(all).rejects.toEqual(expect.objectContaining({ code: "row-unreadable" }));
    });

    test("a fault that another process adds meets an operation within two seconds", async () => {
      await done(here, "shut-down-source");
      await there.addFault(harness.worldId, { target: { itemId: "item-1" }, mode: "refuse" });
      harness.clock.pass(2);
      expect(await run(here, "stop-replication", {})).toMatchObject({ state: "failed", code: "operation-refused" });
    });

    test("a world that another process loads again is described at once", async () => {
      await done(here, "shut-down-source");
      await there.loadWorld(smallWorld(3));
      const [item] = await here.describeItems(harness.worldId, ["item-1"]);
      expect(item?.source.power).toBe("on");
      expect((await here.describeSite(harness.worldId, "home")).reachable).toBe(true);
      await expect(here.describeItems(harness.worldId, ["nobody"])).rejects.toMatchObject({ code: "item-not-found" });
    });

    test("a world that another process loads again is found after one refusal, without a wait", async () => {
      await done(here, "shut-down-source");
      await there.loadWorld(smallWorld(3));
      await run(here, "stop-replication", {}).catch(() => undefined);
      await done(here, "stop-replication");
      const ledger = await there.ledger(harness.worldId, { itemId: "item-1" });
      expect(ledger.map(({ operation }) => operation)).toEqual(["stop-replication"]);
    });
  });
}
