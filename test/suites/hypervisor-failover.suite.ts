import { beforeEach, describe, expect, test } from "vitest";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorHarness, OTHER_RUN, RUN } from "../support/emulator-harness.js";
import { shopWorld } from "../support/worlds.js";

/** Failover, its undo, and what is lost. */
export function failoverSuite(name: string, open: () => Tables): void {
  describe(`failover at the hypervisor on ${name}`, () => {
    let bench: EmulatorHarness;
    beforeEach(async () => {
      bench = await EmulatorHarness.open(open());
    });

    test("H2: shut down and synchronised, a promotion loses nothing, proved by write sequences", async () => {
      const stopped = await bench.done("shut-down-source", {});
      const { point, sequences } = await bench.done("final-synchronise", {});
      await bench.done("stop-replication", {});
      const promoted = await bench.promote(point.id);

      expect(promoted.dataLoss).toEqual({ seconds: 0, writes: 0, bytes: 0 });
      expect(sequences).toEqual(stopped.sequences);
      expect(promoted.sequences).toEqual(stopped.sequences);
      expect(stopped.sequences.every(({ sequence }) => sequence > 0)).toBe(true);
    });

    test("H3: without synchronisation the loss is what was written after the point", async () => {
      const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      const [point] = points;
      if (point === undefined) throw new Error("no point");
      const promoted = await bench.promote(point.id);
      const [entry] = (await bench.estate.ledger(bench.worldId, { itemId: "item-1" })).filter(
        ({ operation }) => operation === "promote-replica",
      );
      const seconds = (Date.parse(entry?.at ?? "") - Date.parse(point.time)) / 1_000;
      expect(promoted.dataLoss.seconds).toBeCloseTo(seconds, 3);
      // 1 MB/s over two disks in writes of 64 KiB, each counted down to a whole write.
      expect(Math.abs(promoted.dataLoss.writes - (seconds * 1_000_000) / 65_536)).toBeLessThanOrEqual(2);
    });

    test("P4: latest processes what was received, so it is newer than latest-processed, once", async () => {
      const before = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      expect(before.pending).toBe(true);
      const { point } = await bench.done("process-pending-data", {});
      expect(Date.parse(point.time)).toBeGreaterThan(Date.parse(before.points[0]?.time ?? ""));
      expect((await bench.estate.recoveryPoints(bench.worldId, "item-1")).points[0]).toEqual(point);
    });

    test("P4: when nothing waits, no new point is made", async () => {
      await bench.done("shut-down-source", {});
      const { point } = await bench.done("final-synchronise", {});
      expect((await bench.estate.recoveryPoints(bench.worldId, "item-1")).pending).toBe(false);
      expect((await bench.done("process-pending-data", {})).point).toEqual(point);
    });

    test("points are frozen while replication is stopped, and go on when it is restored", async () => {
      await bench.done("stop-replication", {});
      const frozen = (await bench.estate.recoveryPoints(bench.worldId, "item-1")).points;
      bench.clock.pass(7_200);
      expect((await bench.estate.recoveryPoints(bench.worldId, "item-1")).points).toEqual(frozen);
      const { replicatingSince } = await bench.done("restore-replication", {});
      bench.clock.pass(1_800);
      const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      const fresh = points.filter(({ time }) => time > (frozen[0]?.time ?? ""));
      expect(fresh.length).toBeGreaterThan(0);
      expect(fresh.every(({ time }) => time >= replicatingSince)).toBe(true);
    });

    test("a source that is off keeps its points however long nobody comes, and has none of the time in between", async () => {
      const { offSince } = await bench.done("shut-down-source", {});
      const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      bench.clock.pass(10 * 86_400);
      expect((await bench.estate.recoveryPoints(bench.worldId, "item-1")).points).toEqual(points);
      const { startedAt } = await bench.done("restart-source", {});
      bench.clock.pass(1_800);
      const later = (await bench.estate.recoveryPoints(bench.worldId, "item-1")).points;
      expect(later.some(({ time }) => time > startedAt)).toBe(true);
      expect(later.filter(({ time }) => time > offSince && time < startedAt)).toEqual([]);
    });

    test("promotion raises the epoch and fences a source that is still on", async () => {
      const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      await bench.promote(points[0]?.id ?? "");
      const { epoch, source, replica } = await bench.snapshot();
      expect(epoch).toBe(1);
      expect(source).toMatchObject({ power: "on", writable: false });
      expect(replica).toMatchObject({ power: "on", heartbeat: "ok", writable: true });
    });

    test("an old epoch neither promotes nor starts", async () => {
      const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      const pointId = points[0]?.id ?? "";
      await bench.promote(pointId);
      const again = await bench.call("promote-replica", { pointId, epoch: 1 }, "item-1", OTHER_RUN);
      expect(again).toMatchObject({ state: "failed", code: "stale-epoch" });
      const start = await bench.call("start-replica", { epoch: 0 }, "item-1", OTHER_RUN);
      expect(start).toMatchObject({ state: "failed", code: "stale-epoch" });
    });

    test("a point that is not there is refused", async () => {
      const reply = await bench.call("promote-replica", { pointId: "nowhere", epoch: 1 });
      expect(reply).toMatchObject({ state: "failed", code: "no-recovery-point" });
    });

    test("an unpromoted replica is neither started nor committed", async () => {
      const refused = { state: "failed", code: "operation-refused" };
      expect(await bench.call("start-replica", { epoch: 0 })).toMatchObject(refused);
      expect(await bench.call("delete-recovery-points", {})).toMatchObject(refused);
    });

    test("the last changes of a source that is still on are not final", async () => {
      const reply = await bench.call("final-synchronise", {});
      expect(reply).toMatchObject({ state: "failed", code: "operation-refused" });
    });

    test("a promotion that waits is refused when the item was promoted meanwhile by another", async () => {
      const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      const pointId = points[0]?.id ?? "";
      await bench.call("promote-replica", { pointId, epoch: 1 });
      const late = await bench.ended(() => bench.call("promote-replica", { pointId, epoch: 1 }, "item-1", OTHER_RUN));
      expect(late).toMatchObject({ state: "failed", code: "stale-epoch" });
      const promotions = await bench.estate.ledger(bench.worldId, { itemId: "item-1" });
      expect(promotions.map(({ executionId }) => executionId)).toEqual([RUN]);
    });

    test("F6: tools keep running on Linux, and a physical server has none", async () => {
      await bench.load(shopWorld());
      for (const [itemId, tools] of [
        ["web-1", "running"],
        ["orders-db-1", "absent"],
      ] as const) {
        const { points } = await bench.estate.recoveryPoints(bench.worldId, itemId);
        await bench.promote(points[0]?.id ?? "", itemId);
        expect((await bench.snapshot(itemId)).replica.tools).toBe(tools);
      }
    });

    test("F6: VMware tools are disabled on a Windows machine that failed over", async () => {
      const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      expect((await bench.snapshot()).source.tools).toBe("running");
      await bench.promote(points[0]?.id ?? "");
      expect((await bench.snapshot()).replica.tools).toBe("disabled");
    });

    test("P8: a physical server takes 8 to 10 minutes more to promote", async () => {
      await bench.load(shopWorld());
      const seconds = async (itemId: string) => {
        const { points } = await bench.estate.recoveryPoints(bench.worldId, itemId);
        const pointId = points[0]?.id ?? "";
        const reply = await bench.ended(() => bench.call("promote-replica", { pointId, epoch: 1 }, itemId));
        if (reply.state !== "done") throw new Error("not promoted");
        return (Date.parse(reply.endedAt) - Date.parse(reply.startedAt)) / 1_000;
      };
      const [physical, vmware] = [await seconds("orders-db-1"), await seconds("app-1")];
      expect(physical - vmware).toBeGreaterThan(8 * 60);
      expect(physical).toBeLessThan(15 * 60);
    });

    test("P6: commit deletes every recovery point", async () => {
      const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      await bench.promote(points[0]?.id ?? "");
      const { deleted } = await bench.done("delete-recovery-points", {});
      expect(deleted).toBeGreaterThan(0);
      expect((await bench.estate.recoveryPoints(bench.worldId, "item-1")).points).toEqual([]);
    });

    test("another point can be promoted before commit; the loss is that of the point", async () => {
      const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      const [newest, older] = points;
      if (newest === undefined || older === undefined) throw new Error("too few points");
      const first = await bench.promote(newest.id);
      const second = await bench.done("promote-replica", { pointId: older.id, epoch: 2 }, "item-1", OTHER_RUN);
      const between = (Date.parse(newest.time) - Date.parse(older.time)) / 1_000;
      expect(second.dataLoss.seconds - first.dataLoss.seconds).toBeCloseTo(between, 3);
      expect((await bench.snapshot()).replica.power).toBe("off");
    });

    test("members of a replication group share the ids of their points", async () => {
      await bench.load(shopWorld());
      const [first, second] = await Promise.all(
        ["orders-db-1", "orders-reports"].map((itemId) => bench.estate.recoveryPoints(bench.worldId, itemId)),
      );
      const shared = first?.points.filter(({ id }) => second?.points.some((point) => point.id === id)) ?? [];
      expect(shared.length).toBeGreaterThan(20);
      expect(shared.every(({ replicationGroupId }) => replicationGroupId === "orders-database")).toBe(true);
    });

    test("P7: demoted, replicating and started again, the item is as before, with a new epoch", async () => {
      const before = await bench.snapshot();
      await bench.done("shut-down-source", {});
      const { point } = await bench.done("final-synchronise", {});
      await bench.done("stop-replication", {});
      await bench.promote(point.id);

      await bench.done("demote-replica", { epoch: 2 });
      await bench.done("restore-replication", {});
      await bench.done("restart-source", {});

      const after = await bench.snapshot();
      expect(after.source).toEqual(before.source);
      expect(after.replica).toEqual(before.replica);
      expect(after.replication.state).toBe("replicating");
      expect(after.epoch).toBe(2);
      bench.clock.pass(600);
      const truth = await bench.estate.groundTruth(bench.worldId, "item-1");
      expect(truth.source.sequences[0]?.sequence).toBeGreaterThan(truth.replica.sequences[0]?.sequence ?? 0);
    });

    test("undoing what was never done changes nothing but the epoch", async () => {
      const before = await bench.snapshot();
      await bench.done("demote-replica", { epoch: 1 });
      await bench.done("restore-replication", {});
      await bench.done("restart-source", {});
      const after = await bench.snapshot();
      expect({ ...after, replication: null }).toEqual({ ...before, epoch: 1, replication: null });
      expect(await bench.call("demote-replica", { epoch: 1 }, "item-1", OTHER_RUN)).toMatchObject({
        code: "stale-epoch",
      });
    });

    test("a source is not started beside a promoted replica", async () => {
      const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
      await bench.promote(points[0]?.id ?? "");
      const reply = await bench.call("restart-source", {});
      expect(reply).toMatchObject({ state: "failed", code: "operation-refused" });
    });
  });
}
