import { beforeEach, describe, expect, test } from "vitest";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorHarness, EXECUTION } from "../support/emulator-harness.js";
import { smallWorld } from "../support/worlds.js";

const code = (name: string) => expect.objectContaining({ code: name });

/** Tasks under keys, the ledger, and whole worlds. */
export function taskSuite(name: string, open: () => Tables): void {
  describe(`hypervisor tasks on ${name}`, () => {
    let harness: EmulatorHarness;
    beforeEach(async () => {
      harness = await EmulatorHarness.open(open());
    });

    test("begin, poll early, poll when due: one effect, and the same answer for ever", async () => {
      const begun = await harness.call("shut-down-source", {});
      if (begun.state !== "waiting") throw new Error("expected to wait");
      expect((await harness.snapshot()).source.power).toBe("on");
      expect(await harness.call("shut-down-source", {})).toEqual(begun);

      harness.clock.goTo(begun.doneAt);
      const first = await harness.call("shut-down-source", {});
      expect(first.state).toBe("done");
      harness.clock.pass(3_600);
      expect(await harness.call("shut-down-source", {})).toEqual(first);
      expect(await harness.estate.ledger(harness.worldId, { itemId: "item-1" })).toHaveLength(1);
    });

    test("20 calls at the same time have one effect", async () => {
      const instant = harness.emulator("zero");
      const task = { worldId: harness.worldId, executionId: EXECUTION, key: "k", itemId: "item-1", params: {} };
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => instant.runOnItem({ ...task, operation: "shut-down-source" })),
      );
      expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
      expect(await instant.ledger(harness.worldId, { itemId: "item-1" })).toHaveLength(1);
    });

    test("an operation continues while its caller is away, and another process can poll it", async () => {
      const begun = await harness.call("shut-down-source", {});
      if (begun.state !== "waiting") throw new Error("expected to wait");
      harness.clock.goTo(begun.doneAt);
      harness.estate = harness.emulator();
      expect((await harness.snapshot()).source.power).toBe("off");
      expect(await harness.call("shut-down-source", {})).toMatchObject({ state: "done", endedAt: begun.doneAt });
    });

    test("an answer that is not final is read again when another process may have ended the task", async () => {
      const begun = await harness.call("shut-down-source", {});
      if (begun.state !== "waiting") throw new Error("expected to wait");
      await harness.emulator().abandonTask(harness.worldId, "item-1", `${EXECUTION}/shut-down-source/item-1`);
      expect(await harness.call("shut-down-source", {})).toMatchObject({ state: "failed", code: "operation-refused" });
    });

    test("a key used for another operation is refused", async () => {
      await harness.call("shut-down-source", {}, "item-1", EXECUTION, "same");
      await expect(harness.call("stop-replication", {}, "item-1", EXECUTION, "same")).rejects.toEqual(
        code("task-key-reused"),
      );
    });

    test("an item does one operation at a time", async () => {
      const first = await harness.call("shut-down-source", {});
      expect(await harness.call("stop-replication", {})).toEqual({ ...first, begun: false });
      expect((await harness.estate.ledger(harness.worldId, { itemId: "item-1" })).length).toBe(0);
    });

    test("an operation abandoned while it is under way never takes effect, and one that has taken effect stays", async () => {
      const begun = await harness.call("shut-down-source", {}, "item-1", EXECUTION, "abandoned");
      if (begun.state !== "waiting") throw new Error("expected to wait");
      const abandon = (key: string) => harness.estate.abandonTask(harness.worldId, "item-1", key);
      await abandon("never-begun");
      await abandon("abandoned");
      harness.clock.goTo(begun.doneAt);
      expect(await harness.call("shut-down-source", {}, "item-1", EXECUTION, "abandoned")).toMatchObject({
        state: "failed",
        code: "operation-refused",
      });
      expect((await harness.snapshot()).source.power).toBe("on");

      const again = await harness.call("shut-down-source", {}, "item-1", EXECUTION, "again");
      if (again.state !== "waiting") throw new Error("expected to wait");
      harness.clock.goTo(again.doneAt);
      await abandon("again");
      expect(await harness.call("shut-down-source", {}, "item-1", EXECUTION, "again")).toMatchObject({ state: "done" });
    });

    test("a higher speed shortens waits", async () => {
      const slow = await harness.call("shut-down-source", {}, "item-1");
      const startedMs = harness.clock.now();
      harness.estate = harness.emulator("realistic", 60);
      const fast = await harness.call("shut-down-source", {}, "item-2");
      if (slow.state !== "waiting" || fast.state !== "waiting") throw new Error("expected to wait");
      const [slowMs, fastMs] = [slow, fast].map(({ doneAt }) => Date.parse(doneAt) - startedMs);
      expect(fastMs).toBeLessThan((slowMs ?? 0) / 30);
      expect(await harness.estate.now(harness.worldId)).toBe("2026-03-02T09:00:00.000Z");
    });

    test("the same seed gives the same durations", async () => {
      const first = await harness.call("shut-down-source", {});
      await harness.load();
      expect(await harness.call("shut-down-source", {})).toEqual(first);
    });

    test("unknown worlds, items and sites are refused", async () => {
      await expect(harness.call("shut-down-source", {}, "nobody")).rejects.toEqual(code("item-not-found"));
      await expect(harness.estate.describeItems("nowhere", ["item-1"])).rejects.toEqual(code("world-not-found"));
      await expect(harness.estate.describeSite(harness.worldId, "nowhere")).rejects.toEqual(code("not-found"));
    });

    test("a ledger longer than a page keeps every entry in order", async () => {
      harness.estate = harness.emulator("zero");
      for (let round = 1; round <= 40; round += 1) {
        await harness.call("stop-replication", {}, "item-1", EXECUTION, `stop-${round}`);
        await harness.call("restore-replication", {}, "item-1", EXECUTION, `restore-${round}`);
      }
      const ledger = await harness.estate.ledger(harness.worldId, { itemId: "item-1" });
      expect(ledger.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
      expect(new Set(ledger.map(({ key }) => key)).size).toBe(80);
    });

    test("a site's ledger has its networks", async () => {
      harness.estate = harness.emulator("zero");
      const site = { worldId: harness.worldId, executionId: EXECUTION, siteId: "away", params: {} };
      await harness.estate.runOnSite({ ...site, key: "k", operation: "create-test-network" });
      const ledger = await harness.estate.ledger(harness.worldId, { siteId: "away" });
      expect(ledger.map(({ operation, epoch, after }) => [operation, epoch, after])).toEqual([
        ["create-test-network", 0, null],
      ]);
      const nowhere = { ...site, siteId: "nowhere", key: "k2", operation: "remove-test-network" } as const;
      await expect(harness.estate.runOnSite(nowhere)).rejects.toEqual(code("not-found"));
    });

    test("an idle workload loses nothing", async () => {
      const world = smallWorld(1);
      for (const item of world.items) item.changeRateMbPerSecond = 0;
      await harness.load(world);
      const { points, pending } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      expect(pending).toBe(false);
      const { dataLoss } = await harness.promote(points.at(-1)?.id ?? "");
      expect(dataLoss).toEqual({ seconds: 0, writes: 0, bytes: 0 });
    });

    test("many items are described in the requested order, and an estate with its sites", async () => {
      await harness.load(smallWorld(150));
      const itemIds = Array.from({ length: 150 }, (_, index) => `item-${150 - index}`);
      const { items, sites } = await harness.estate.describeEstate(harness.worldId, itemIds);
      expect(items.map(({ item }) => item.id)).toEqual(itemIds);
      expect(sites.map(({ site }) => site.id).sort()).toEqual(["away", "home"]);
      expect(items.filter(({ replication }) => replication.newestPoint === null)).toEqual([]);
    });

    test("a world of an older build asks to be imported again, and then works", async () => {
      await harness.done("shut-down-source", {});
      const headers = harness.tables.table("Estate");
      const row = await headers.get("worlds", harness.worldId);
      if (row === null) throw new Error("no header");
      const older = JSON.stringify({ ...JSON.parse(row.json), madeByAnOlderBuild: true });
      await headers.transact("worlds", [{ kind: "put", row: harness.worldId, schema: 1, json: older }]);
      harness.estate = harness.emulator();
      const refusal = expect.objectContaining({
        code: "row-unreadable",
        message: expect.stringMatching(/import world small again with .mode=reset: an older build wrote it/),
      });
      await expect(harness.snapshot()).rejects.toEqual(refusal);
      await expect(harness.call("stop-replication", {})).rejects.toEqual(refusal);
      await harness.load();
      expect((await harness.snapshot()).source.power).toBe("on");
      expect((await headers.list("small:1:0", { limit: 10 })).rows).toEqual([]);
    });

    test("a world of a newer build is not touched", async () => {
      const headers = harness.tables.table("Estate");
      const row = await headers.get("worlds", harness.worldId);
      if (row === null) throw new Error("no header");
      await headers.transact("worlds", [{ kind: "put", row: harness.worldId, schema: 1_000, json: row.json }]);
      harness.estate = harness.emulator();
      await expect(harness.snapshot()).rejects.toEqual(code("row-unreadable"));
      await expect(harness.load()).rejects.toEqual(code("row-unreadable"));
      expect((await headers.get("worlds", harness.worldId))?.schema).toBe(1_000);
    });

    test("a world that is loaded again starts from its initial state, and nothing of the previous load is left", async () => {
      await harness.done("shut-down-source", {});
      await harness.estate.addFault(harness.worldId, { target: { itemId: "item-1" }, mode: "hang" });
      await harness.load();
      expect((await harness.snapshot()).source.power).toBe("on");
      expect(await harness.estate.listFaults(harness.worldId)).toEqual([]);
      expect(await harness.estate.ledger(harness.worldId, { itemId: "item-1" })).toEqual([]);
      expect((await harness.tables.table("Estate").list("small:1:0", { limit: 10 })).rows).toEqual([]);
    });
  });
}
