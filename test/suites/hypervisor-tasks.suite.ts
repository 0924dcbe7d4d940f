import { beforeEach, describe, expect, test } from "vitest";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorFixture, EXECUTION } from "./emulator-fixture.js";
import { smallWorld } from "./world.js";

const code = (name: string) => expect.objectContaining({ code: name });

/** Tasks under keys, the ledger, and whole worlds. */
export function taskSuite(name: string, open: () => Tables): void {
  describe(`hypervisor tasks on ${name}`, () => {
    let fixture: EmulatorFixture;
    beforeEach(async () => {
      fixture = await EmulatorFixture.open(open());
    });

    test("begin, poll early, poll when due: one effect, and the same answer for ever", async () => {
      const begun = await fixture.call("shut-down-source", {});
      if (begun.state !== "waiting") throw new Error("expected to wait");
      expect((await fixture.snapshot()).source.power).toBe("on");
      expect(await fixture.call("shut-down-source", {})).toEqual(begun);

      fixture.clock.goTo(begun.doneAt);
      const first = await fixture.call("shut-down-source", {});
      expect(first.state).toBe("done");
      fixture.clock.pass(3_600);
      expect(await fixture.call("shut-down-source", {})).toEqual(first);
      expect(await fixture.estate.ledger(fixture.worldId, { itemId: "item-1" })).toHaveLength(1);
    });

    test("20 calls at the same time have one effect", async () => {
      const instant = fixture.emulator("zero");
      const task = { worldId: fixture.worldId, executionId: EXECUTION, key: "k", itemId: "item-1", params: {} };
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => instant.runOnItem({ ...task, operation: "shut-down-source" })),
      );
      expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
      expect(await instant.ledger(fixture.worldId, { itemId: "item-1" })).toHaveLength(1);
    });

    test("an operation continues while its caller is away, and another process can poll it", async () => {
      const begun = await fixture.call("shut-down-source", {});
      if (begun.state !== "waiting") throw new Error("expected to wait");
      fixture.clock.goTo(begun.doneAt);
      fixture.estate = fixture.emulator();
      expect((await fixture.snapshot()).source.power).toBe("off");
      expect(await fixture.call("shut-down-source", {})).toMatchObject({ state: "done", endedAt: begun.doneAt });
    });

    test("an answer that is not final is read again when another process may have ended the task", async () => {
      const begun = await fixture.call("shut-down-source", {});
      if (begun.state !== "waiting") throw new Error("expected to wait");
      await fixture.emulator().abandonTask(fixture.worldId, "item-1", `${EXECUTION}/shut-down-source/item-1`);
      expect(await fixture.call("shut-down-source", {})).toMatchObject({ state: "failed", code: "operation-refused" });
    });

    test("a key used for another operation is refused", async () => {
      await fixture.call("shut-down-source", {}, "item-1", EXECUTION, "same");
      await expect(fixture.call("stop-replication", {}, "item-1", EXECUTION, "same")).rejects.toEqual(
        code("task-key-reused"),
      );
    });

    test("an item does one operation at a time", async () => {
      const first = await fixture.call("shut-down-source", {});
      expect(await fixture.call("stop-replication", {})).toEqual({ ...first, begun: false });
      expect((await fixture.estate.ledger(fixture.worldId, { itemId: "item-1" })).length).toBe(0);
    });

    test("an operation abandoned while it is under way never takes effect, and one that has taken effect stays", async () => {
      const begun = await fixture.call("shut-down-source", {}, "item-1", EXECUTION, "abandoned");
      if (begun.state !== "waiting") throw new Error("expected to wait");
      const abandon = (key: string) => fixture.estate.abandonTask(fixture.worldId, "item-1", key);
      await abandon("never-begun");
      await abandon("abandoned");
      fixture.clock.goTo(begun.doneAt);
      expect(await fixture.call("shut-down-source", {}, "item-1", EXECUTION, "abandoned")).toMatchObject({
        state: "failed",
        code: "operation-refused",
      });
      expect((await fixture.snapshot()).source.power).toBe("on");

      const again = await fixture.call("shut-down-source", {}, "item-1", EXECUTION, "again");
      if (again.state !== "waiting") throw new Error("expected to wait");
      fixture.clock.goTo(again.doneAt);
      await abandon("again");
      expect(await fixture.call("shut-down-source", {}, "item-1", EXECUTION, "again")).toMatchObject({ state: "done" });
    });

    test("a higher speed shortens waits", async () => {
      const slow = await fixture.call("shut-down-source", {}, "item-1");
      const startedMs = fixture.clock.now();
      fixture.estate = fixture.emulator("realistic", 60);
      const fast = await fixture.call("shut-down-source", {}, "item-2");
      if (slow.state !== "waiting" || fast.state !== "waiting") throw new Error("expected to wait");
      const [slowMs, fastMs] = [slow, fast].map(({ doneAt }) => Date.parse(doneAt) - startedMs);
      expect(fastMs).toBeLessThan((slowMs ?? 0) / 30);
      expect(await fixture.estate.now(fixture.worldId)).toBe("2026-03-02T09:00:00.000Z");
    });

    test("the same seed gives the same durations", async () => {
      const first = await fixture.call("shut-down-source", {});
      await fixture.load();
      expect(await fixture.call("shut-down-source", {})).toEqual(first);
    });

    test("unknown worlds, items and sites are refused", async () => {
      await expect(fixture.call("shut-down-source", {}, "nobody")).rejects.toEqual(code("item-not-found"));
      await expect(fixture.estate.describeItems("nowhere", ["item-1"])).rejects.toEqual(code("world-not-found"));
      await expect(fixture.estate.describeSite(fixture.worldId, "nowhere")).rejects.toEqual(code("not-found"));
    });

    test("a ledger longer than a page keeps every entry in order", async () => {
      fixture.estate = fixture.emulator("zero");
      for (let round = 1; round <= 40; round += 1) {
        await fixture.call("stop-replication", {}, "item-1", EXECUTION, `stop-${round}`);
        await fixture.call("restore-replication", {}, "item-1", EXECUTION, `restore-${round}`);
      }
      const ledger = await fixture.estate.ledger(fixture.worldId, { itemId: "item-1" });
      expect(ledger.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
      expect(new Set(ledger.map(({ key }) => key)).size).toBe(80);
    });

    test("a site's ledger has its networks", async () => {
      fixture.estate = fixture.emulator("zero");
      const site = { worldId: fixture.worldId, executionId: EXECUTION, siteId: "away", params: {} };
      await fixture.estate.runOnSite({ ...site, key: "k", operation: "create-test-network" });
      const ledger = await fixture.estate.ledger(fixture.worldId, { siteId: "away" });
      expect(ledger.map(({ operation, epoch, after }) => [operation, epoch, after])).toEqual([
        ["create-test-network", 0, null],
      ]);
      const nowhere = { ...site, siteId: "nowhere", key: "k2", operation: "remove-test-network" } as const;
      await expect(fixture.estate.runOnSite(nowhere)).rejects.toEqual(code("not-found"));
    });

    test("an idle workload loses nothing", async () => {
      const world = smallWorld(1);
      for (const item of world.items) item.changeRateMbPerSecond = 0;
      await fixture.load(world);
      const { points, pending } = await fixture.estate.recoveryPoints(fixture.worldId, "item-1");
      expect(pending).toBe(false);
      const { dataLoss } = await fixture.promote(points.at(-1)?.id ?? "");
      expect(dataLoss).toEqual({ seconds: 0, writes: 0, bytes: 0 });
    });

    test("many items are described in the requested order, and an estate with its sites", async () => {
      await fixture.load(smallWorld(150));
      const itemIds = Array.from({ length: 150 }, (_, index) => `item-${150 - index}`);
      const { items, sites } = await fixture.estate.describeEstate(fixture.worldId, itemIds);
      expect(items.map(({ item }) => item.id)).toEqual(itemIds);
      expect(sites.map(({ site }) => site.id).sort()).toEqual(["away", "home"]);
      expect(items.every(({ replication }) => replication.newestPoint !== null)).toBe(true);
    });

    test("a world of an older build asks to be imported again, and then works", async () => {
      await fixture.done("shut-down-source", {});
      const headers = fixture.tables.table("Estate");
      const row = await headers.get("worlds", fixture.worldId);
      if (row === null) throw new Error("no header");
      const older = JSON.stringify({ ...JSON.parse(row.json), madeByAnOlderBuild: true });
      await headers.transact("worlds", [{ kind: "put", row: fixture.worldId, schema: 1, json: older }]);
      fixture.estate = fixture.emulator();
      const refusal = expect.objectContaining({
        code: "row-unreadable",
        message: expect.stringMatching(/import world small again: an older build wrote it/),
      });
      await expect(fixture.snapshot()).rejects.toEqual(refusal);
      await expect(fixture.call("stop-replication", {})).rejects.toEqual(refusal);
      await fixture.load();
      expect((await fixture.snapshot()).source.power).toBe("on");
      expect((await headers.list("small:1:0", { limit: 10 })).rows).toEqual([]);
    });

    test("a world of a newer build is not touched", async () => {
      const headers = fixture.tables.table("Estate");
      const row = await headers.get("worlds", fixture.worldId);
      if (row === null) throw new Error("no header");
      await headers.transact("worlds", [{ kind: "put", row: fixture.worldId, schema: 1_000, json: row.json }]);
      fixture.estate = fixture.emulator();
      await expect(fixture.snapshot()).rejects.toEqual(code("row-unreadable"));
      await expect(fixture.load()).rejects.toEqual(code("row-unreadable"));
      expect((await headers.get("worlds", fixture.worldId))?.schema).toBe(1_000);
    });

    test("a world that is loaded again starts from its initial state, and nothing of the previous load is left", async () => {
      await fixture.done("shut-down-source", {});
      await fixture.estate.addFault(fixture.worldId, { target: { itemId: "item-1" }, mode: "hang" });
      await fixture.load();
      expect((await fixture.snapshot()).source.power).toBe("on");
      expect(await fixture.estate.listFaults(fixture.worldId)).toEqual([]);
      expect(await fixture.estate.ledger(fixture.worldId, { itemId: "item-1" })).toEqual([]);
      expect((await fixture.tables.table("Estate").list("small:1:0", { limit: 10 })).rows).toEqual([]);
    });
  });
}
