import { beforeEach, describe, expect, test } from "vitest";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorHarness, EXECUTION, OTHER_EXECUTION } from "../support/emulator-harness.js";
import { shopWorld } from "../support/worlds.js";

/** Failover, its undo, and data loss. */
export function failoverSuite(name: string, open: () => Tables): void {
  describe(`failover at the hypervisor on ${name}`, () => {
    let harness: EmulatorHarness;
    beforeEach(async () => {
      harness = await EmulatorHarness.open(open());
    });

    test("H2: after shutdown and synchronisation a promotion loses nothing, as the write sequences prove", async () => {
      const stopped = await harness.done("shut-down-source", {});
      const { point, sequences } = await harness.done("final-synchronise", {});
      await harness.done("stop-replication", {});
      const promoted = await harness.promote(point.id);

      expect(promoted.dataLoss).toEqual({ seconds: 0, writes: 0, bytes: 0 });
      expect(sequences).toEqual(stopped.sequences);
      expect(promoted.sequences).toEqual(stopped.sequences);
      expect(stopped.sequences).toHaveLength(2);
      for (const { sequence } of stopped.sequences) expect(sequence).toBeGreaterThan(0);
    });

    test("H3: without synchronisation a promotion loses the writes after its point", async () => {
      const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      const [point] = points;
      if (point === undefined) throw new Error("no point");
      const promoted = await harness.promote(point.id);
      const [entry] = (await harness.estate.ledger(harness.worldId, { itemId: "item-1" })).filter(
        ({ operation }) => operation === "promote-replica",
      );
      const seconds = (Date.parse(entry?.at ?? "") - Date.parse(point.time)) / 1_000;
      // 1 MB/s on two disks in writes of 64 KiB: one write on each disk in 0.131 s.
      expect(promoted.dataLoss.seconds).toBeLessThanOrEqual(seconds);
      expect(promoted.dataLoss.seconds).toBeGreaterThan(seconds - 0.132);
      expect(Math.abs(promoted.dataLoss.writes - (seconds * 1_000_000) / 65_536)).toBeLessThanOrEqual(2);
    });

    test("P4: latest processes the received data once, so its point is newer than latest-processed", async () => {
      const before = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      expect(before.pending).toBe(true);
      const { point } = await harness.done("process-pending-data", {});
      expect(Date.parse(point.time)).toBeGreaterThan(Date.parse(before.points[0]?.time ?? ""));
      expect((await harness.estate.recoveryPoints(harness.worldId, "item-1")).points[0]).toEqual(point);
    });

    test("P4: without pending data no new point is made", async () => {
      await harness.done("shut-down-source", {});
      const { point } = await harness.done("final-synchronise", {});
      expect((await harness.estate.recoveryPoints(harness.worldId, "item-1")).pending).toBe(false);
      expect((await harness.done("process-pending-data", {})).point).toEqual(point);
    });

    test("points are frozen while replication is stopped, and new ones follow when it is restored", async () => {
      await harness.done("stop-replication", {});
      const frozen = (await harness.estate.recoveryPoints(harness.worldId, "item-1")).points;
      harness.clock.pass(7_200);
      expect((await harness.estate.recoveryPoints(harness.worldId, "item-1")).points).toEqual(frozen);
      const { replicatingSince } = await harness.done("restore-replication", {});
      harness.clock.pass(1_800);
      const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      const fresh = points.filter(({ time }) => time > (frozen[0]?.time ?? ""));
      expect(fresh.length).toBeGreaterThan(0);
      expect(fresh.filter(({ time }) => time < replicatingSince)).toEqual([]);
    });

    test("a source that is off keeps its points for any time, and gets none for the time in between", async () => {
      const { offSince } = await harness.done("shut-down-source", {});
      const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      harness.clock.pass(10 * 86_400);
      expect((await harness.estate.recoveryPoints(harness.worldId, "item-1")).points).toEqual(points);
      const { startedAt } = await harness.done("restart-source", {});
      harness.clock.pass(1_800);
      const later = (await harness.estate.recoveryPoints(harness.worldId, "item-1")).points;
      expect(later.some(({ time }) => time > startedAt)).toBe(true);
      expect(later.filter(({ time }) => time > offSince && time < startedAt)).toEqual([]);
    });

    test("promotion raises the epoch and fences a source that is still on", async () => {
      const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      await harness.promote(points[0]?.id ?? "");
      const { epoch, source, replica } = await harness.snapshot();
      expect(epoch).toBe(1);
      expect(source).toMatchObject({ power: "on", writable: false });
      expect(replica).toMatchObject({ power: "on", heartbeat: "ok", writable: true });
    });

    test("an old epoch can neither promote nor start a replica", async () => {
      const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      const pointId = points[0]?.id ?? "";
      await harness.promote(pointId);
      const again = await harness.call("promote-replica", { pointId, epoch: 1 }, "item-1", OTHER_EXECUTION);
      expect(again).toMatchObject({ state: "failed", code: "stale-epoch" });
      const start = await harness.call("start-replica", { epoch: 0 }, "item-1", OTHER_EXECUTION);
      expect(start).toMatchObject({ state: "failed", code: "stale-epoch" });
    });

    test("an unknown point is refused", async () => {
      const reply = await harness.call("promote-replica", { pointId: "nowhere", epoch: 1 });
      expect(reply).toMatchObject({ state: "failed", code: "no-recovery-point" });
    });

    test("a replica that is not promoted can be neither started nor committed", async () => {
      const refused = { state: "failed", code: "operation-refused" };
      expect(await harness.call("start-replica", { epoch: 0 })).toMatchObject(refused);
      expect(await harness.call("delete-recovery-points", {})).toMatchObject(refused);
    });

    test("the final synchronisation is refused while the source is on", async () => {
      const reply = await harness.call("final-synchronise", {});
      expect(reply).toMatchObject({ state: "failed", code: "operation-refused" });
    });

    test("a waiting promotion is refused when another execution has promoted the item", async () => {
      const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      const pointId = points[0]?.id ?? "";
      await harness.call("promote-replica", { pointId, epoch: 1 });
      const late = await harness.ended(() =>
        harness.call("promote-replica", { pointId, epoch: 1 }, "item-1", OTHER_EXECUTION),
      );
      expect(late).toMatchObject({ state: "failed", code: "stale-epoch" });
      const promotions = await harness.estate.ledger(harness.worldId, { itemId: "item-1" });
      expect(promotions.map(({ executionId }) => executionId)).toEqual([EXECUTION]);
    });

    test("F6: VMware tools keep running on Linux, and a physical server has none", async () => {
      await harness.load(shopWorld());
      for (const [itemId, tools] of [
        ["web-1", "running"],
        ["orders-db-1", "absent"],
      ] as const) {
        const { points } = await harness.estate.recoveryPoints(harness.worldId, itemId);
        await harness.promote(points[0]?.id ?? "", itemId);
        expect((await harness.snapshot(itemId)).replica.tools).toBe(tools);
      }
    });

    test("F6: VMware tools are disabled on a Windows machine that failed over", async () => {
      const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      expect((await harness.snapshot()).source.tools).toBe("running");
      await harness.promote(points[0]?.id ?? "");
      expect((await harness.snapshot()).replica.tools).toBe("disabled");
    });

    test("P8: a physical server takes 8 to 10 minutes more to promote", async () => {
      await harness.load(shopWorld());
      const seconds = async (itemId: string) => {
        const { points } = await harness.estate.recoveryPoints(harness.worldId, itemId);
        const pointId = points[0]?.id ?? "";
        const reply = await harness.ended(() => harness.call("promote-replica", { pointId, epoch: 1 }, itemId));
        if (reply.state !== "done") throw new Error("not promoted");
        return (Date.parse(reply.endedAt) - Date.parse(reply.startedAt)) / 1_000;
      };
      const [physical, vmware] = [await seconds("orders-db-1"), await seconds("app-1")];
      expect(physical - vmware).toBeGreaterThan(8 * 60);
      expect(physical).toBeLessThan(15 * 60);
    });

    test("P6: a commit deletes every recovery point", async () => {
      const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      await harness.promote(points[0]?.id ?? "");
      const { deleted } = await harness.done("delete-recovery-points", {});
      expect(deleted).toBeGreaterThan(0);
      expect((await harness.estate.recoveryPoints(harness.worldId, "item-1")).points).toEqual([]);
    });

    test("another point can be promoted before the commit, with the data loss of that point", async () => {
      const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      const [newest, older] = points;
      if (newest === undefined || older === undefined) throw new Error("too few points");
      const first = await harness.promote(newest.id);
      const second = await harness.done("promote-replica", { pointId: older.id, epoch: 2 }, "item-1", OTHER_EXECUTION);
      const between = (Date.parse(newest.time) - Date.parse(older.time)) / 1_000;
      expect(second.dataLoss.seconds - first.dataLoss.seconds).toBeCloseTo(between, 3);
      expect((await harness.snapshot()).replica.power).toBe("off");
    });

    test("members of a replication group share point ids", async () => {
      await harness.load(shopWorld());
      const [first, second] = await Promise.all(
        ["orders-db-1", "orders-reports"].map((itemId) => harness.estate.recoveryPoints(harness.worldId, itemId)),
      );
      const shared = first?.points.filter(({ id }) => second?.points.some((point) => point.id === id)) ?? [];
      expect(shared.length).toBeGreaterThan(20);
      expect(new Set(shared.map(({ replicationGroupId }) => replicationGroupId))).toEqual(new Set(["orders-database"]));
    });

    test("P7: after demotion, restored replication and a restart the item is as before, with a new epoch", async () => {
      const before = await harness.snapshot();
      await harness.done("shut-down-source", {});
      const { point } = await harness.done("final-synchronise", {});
      await harness.done("stop-replication", {});
      await harness.promote(point.id);

      await harness.done("demote-replica", { epoch: 2 });
      await harness.done("restore-replication", {});
      await harness.done("restart-source", {});

      const after = await harness.snapshot();
      expect(after.source).toEqual(before.source);
      expect(after.replica).toEqual(before.replica);
      expect(after.replication.state).toBe("replicating");
      expect(after.epoch).toBe(2);
      harness.clock.pass(600);
      const truth = await harness.estate.groundTruth(harness.worldId, "item-1");
      expect(truth.source.sequences[0]?.sequence).toBeGreaterThan(truth.replica.sequences[0]?.sequence ?? 0);
    });

    test("undo operations without a failover change only the epoch", async () => {
      const before = await harness.snapshot();
      await harness.done("demote-replica", { epoch: 1 });
      await harness.done("restore-replication", {});
      await harness.done("restart-source", {});
      const after = await harness.snapshot();
      expect({ ...after, replication: null }).toEqual({ ...before, epoch: 1, replication: null });
      expect(await harness.call("demote-replica", { epoch: 1 }, "item-1", OTHER_EXECUTION)).toMatchObject({
        code: "stale-epoch",
      });
    });

    test("a source cannot start beside a promoted replica", async () => {
      const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
      await harness.promote(points[0]?.id ?? "");
      const reply = await harness.call("restart-source", {});
      expect(reply).toMatchObject({ state: "failed", code: "operation-refused" });
    });
  });
}
