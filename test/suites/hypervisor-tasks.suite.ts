import { beforeEach, describe, expect, test } from "vitest";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorHarness, RUN } from "../support/emulator-harness.js";
import { smallWorld } from "../support/worlds.js";

const code = (name: string) => expect.objectContaining({ code: name });

/** Tasks under keys, the ledger, and worlds as a whole. */
export function taskSuite(name: string, open: () => Tables): void {
  describe(`hypervisor tasks on ${name}`, () => {
    let bench: EmulatorHarness;
    beforeEach(async () => {
      bench = await EmulatorHarness.open(open());
    });

    test("begin, look too early, look when due: one effect, the same answer for ever", async () => {
      const begun = await bench.call("shut-down-source", {});
      if (begun.state !== "waiting") throw new Error("expected to wait");
      expect((await bench.snapshot()).source.power).toBe("on");
      expect(await bench.call("shut-down-source", {})).toEqual(begun);

      bench.clock.goTo(begun.doneAt);
      const first = await bench.call("shut-down-source", {});
      expect(first.state).toBe("done");
      bench.clock.pass(3_600);
      expect(await bench.call("shut-down-source", {})).toEqual(first);
      expect(await bench.estate.ledger(bench.worldId, { itemId: "item-1" })).toHaveLength(1);
    });

    test("begun 20 times at once it has one effect", async () => {
      const instant = bench.emulator("zero");
      const task = { worldId: bench.worldId, executionId: RUN, key: "k", itemId: "item-1", params: {} };
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => instant.runOnItem({ ...task, operation: "shut-down-source" })),
      );
      expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
      expect(await instant.ledger(bench.worldId, { itemId: "item-1" })).toHaveLength(1);
    });

    test("what was begun goes on while its caller is away, and another process can look", async () => {
      const begun = await bench.call("shut-down-source", {});
      if (begun.state !== "waiting") throw new Error("expected to wait");
      bench.clock.goTo(begun.doneAt);
      bench.estate = bench.emulator();
      expect((await bench.snapshot()).source.power).toBe("off");
      expect(await bench.call("shut-down-source", {})).toMatchObject({ state: "done", endedAt: begun.doneAt });
    });

    test("a key used for another operation is refused", async () => {
      await bench.call("shut-down-source", {}, "item-1", RUN, "same");
      await expect(bench.call("stop-replication", {}, "item-1", RUN, "same")).rejects.toEqual(code("task-key-reused"));
    });

    test("an item does one operation at a time", async () => {
      const first = await bench.call("shut-down-source", {});
      expect(await bench.call("stop-replication", {})).toEqual({ ...first, begun: false });
      expect((await bench.estate.ledger(bench.worldId, { itemId: "item-1" })).length).toBe(0);
    });

    test("what is given up while it is under way never takes effect, and what had taken effect stays", async () => {
      const begun = await bench.call("shut-down-source", {}, "item-1", RUN, "given-up");
      if (begun.state !== "waiting") throw new Error("expected to wait");
      const giveUp = (key: string) => bench.estate.giveUp(bench.worldId, "item-1", key);
      await giveUp("never-begun");
      await giveUp("given-up");
      bench.clock.goTo(begun.doneAt);
      expect(await bench.call("shut-down-source", {}, "item-1", RUN, "given-up")).toMatchObject({
        state: "failed",
        code: "operation-refused",
      });
      expect((await bench.snapshot()).source.power).toBe("on");

      const again = await bench.call("shut-down-source", {}, "item-1", RUN, "again");
      if (again.state !== "waiting") throw new Error("expected to wait");
      bench.clock.goTo(again.doneAt);
      await giveUp("again");
      expect(await bench.call("shut-down-source", {}, "item-1", RUN, "again")).toMatchObject({ state: "done" });
    });

    test("speed makes waits shorter and results no different", async () => {
      const slow = await bench.call("shut-down-source", {}, "item-1");
      const startedMs = bench.clock.now();
      bench.estate = bench.emulator("realistic", 60);
      const fast = await bench.call("shut-down-source", {}, "item-2");
      if (slow.state !== "waiting" || fast.state !== "waiting") throw new Error("expected to wait");
      const [slowMs, fastMs] = [slow, fast].map(({ doneAt }) => Date.parse(doneAt) - startedMs);
      expect(fastMs).toBeLessThan((slowMs ?? 0) / 30);
      expect(await bench.estate.now(bench.worldId)).toBe("2026-03-02T09:00:00.000Z");
    });

    test("the same seed gives the same durations", async () => {
      const first = await bench.call("shut-down-source", {});
      await bench.load();
      expect(await bench.call("shut-down-source", {})).toEqual(first);
    });

    test("unknown worlds, items and sites are refused", async () => {
      await expect(bench.call("shut-down-source", {}, "nobody")).rejects.toEqual(code("item-not-found"));
      await expect(bench.estate.describeItems("nowhere", ["item-1"])).rejects.toEqual(code("world-not-found"));
      await expect(bench.estate.describeSite(bench.worldId, "nowhere")).rejects.toEqual(code("not-found"));
    });

    test("a ledger longer than a page keeps every entry in order", async () => {
      bench.estate = bench.emulator("zero");
      for (let round = 1; round <= 40; round += 1) {
        await bench.call("stop-replication", {}, "item-1", RUN, `stop-${round}`);
        await bench.call("restore-replication", {}, "item-1", RUN, `restore-${round}`);
      }
      const ledger = await bench.estate.ledger(bench.worldId, { itemId: "item-1" });
      expect(ledger.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
      expect(new Set(ledger.map(({ key }) => key)).size).toBe(80);
    });

    test("a site's ledger has its networks", async () => {
      bench.estate = bench.emulator("zero");
      const site = { worldId: bench.worldId, executionId: RUN, siteId: "away", params: {} };
      await bench.estate.runOnSite({ ...site, key: "k", operation: "create-test-network" });
      const ledger = await bench.estate.ledger(bench.worldId, { siteId: "away" });
      expect(ledger.map(({ operation, epoch, after }) => [operation, epoch, after])).toEqual([
        ["create-test-network", 0, null],
      ]);
      const nowhere = { ...site, siteId: "nowhere", key: "k2", operation: "remove-test-network" } as const;
      await expect(bench.estate.runOnSite(nowhere)).rejects.toEqual(code("not-found"));
    });

    test("a source whose workload writes nothing loses nothing", async () => {
      const world = smallWorld(1);
      for (const item of world.items) item.changeRateMbPerSecond = 0;
      await bench.load(world);
      const { points, pending } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      expect(pending).toBe(false);
      const { dataLoss } = await bench.promote(points.at(-1)?.id ?? "");
      expect(dataLoss).toEqual({ seconds: 0, writes: 0, bytes: 0 });
    });

    test("many items are described in the order asked for, and an estate with its sites", async () => {
      await bench.load(smallWorld(150));
      const itemIds = Array.from({ length: 150 }, (_, index) => `item-${150 - index}`);
      const { items, sites } = await bench.estate.describeEstate(bench.worldId, itemIds);
      expect(items.map(({ item }) => item.id)).toEqual(itemIds);
      expect(sites.map(({ site }) => site.id).sort()).toEqual(["away", "home"]);
      expect(items.every(({ replication }) => replication.newestPoint !== null)).toBe(true);
    });

    test("a world of an older build says that it must be imported again, and then serves", async () => {
      await bench.done("shut-down-source", {});
      const headers = bench.tables.table("Estate");
      const row = await headers.get("worlds", bench.worldId);
      if (row === null) throw new Error("no header");
      const older = JSON.stringify({ ...JSON.parse(row.json), madeByAnOlderBuild: true });
      await headers.transact("worlds", [{ kind: "put", row: bench.worldId, schema: 1, json: older }]);
      bench.estate = bench.emulator();
      const refusal = expect.objectContaining({
        code: "row-unreadable",
        message: expect.stringMatching(/import world small again: an older build wrote it/),
      });
      await expect(bench.snapshot()).rejects.toEqual(refusal);
      await expect(bench.call("stop-replication", {})).rejects.toEqual(refusal);
      await bench.load();
      expect((await bench.snapshot()).source.power).toBe("on");
      expect((await headers.list("small:1:0", { limit: 10 })).rows).toEqual([]);
    });

    test("a world of a newer build is left untouched", async () => {
      const headers = bench.tables.table("Estate");
      const row = await headers.get("worlds", bench.worldId);
      if (row === null) throw new Error("no header");
      await headers.transact("worlds", [{ kind: "put", row: bench.worldId, schema: 1_000, json: row.json }]);
      bench.estate = bench.emulator();
      await expect(bench.snapshot()).rejects.toEqual(code("row-unreadable"));
      await expect(bench.load()).rejects.toEqual(code("row-unreadable"));
      expect((await headers.get("worlds", bench.worldId))?.schema).toBe(1_000);
    });

    test("a world loaded again starts afresh, and nothing of the earlier one is left", async () => {
      await bench.done("shut-down-source", {});
      await bench.estate.addFault(bench.worldId, { target: { itemId: "item-1" }, mode: "hang" });
      await bench.load();
      expect((await bench.snapshot()).source.power).toBe("on");
      expect(await bench.estate.listFaults(bench.worldId)).toEqual([]);
      expect(await bench.estate.ledger(bench.worldId, { itemId: "item-1" })).toEqual([]);
      expect((await bench.tables.table("Estate").list("small:1:0", { limit: 10 })).rows).toEqual([]);
    });
  });
}
