import { beforeEach, describe, expect, test } from "vitest";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import type {
  EmulatedEstate,
  FaultInput,
  Hypervisor,
  ItemOperation,
  ItemOperations,
  TaskReply,
} from "../../src/hypervisor/port.js";
import type { Tables } from "../../src/store/tables/port.js";
import { HandClock, shopWorld, smallWorld } from "./world.js";

const RUN = "11111111-1111-8111-8111-111111111111";
const OTHER_RUN = "22222222-2222-8222-8222-222222222222";
const code = (name: string) => expect.objectContaining({ code: name });

/** What every hypervisor must do; shown here of the emulator, whatever tables it stands on. */
export function hypervisorSuite(name: string, open: () => Tables): void {
  describe(`the emulated hypervisor on ${name}`, () => {
    let clock: HandClock;
    let tables: Tables;
    let estate: Hypervisor & EmulatedEstate;
    let worldId: string;

    const emulator = (durations: "realistic" | "zero" = "realistic", speed = 1) =>
      createEmulator({ tables, clock, speed, durations });

    const load = async (world = smallWorld(2)) => {
      worldId = world.id;
      await estate.loadWorld(world);
    };

    const call = <O extends ItemOperation>(
      operation: O,
      params: ItemOperations[O]["params"],
      itemId = "item-1",
      executionId = RUN,
      key = `${executionId}/${operation}/${itemId}`,
    ) => estate.runOnItem({ worldId, executionId, key, itemId, operation, params });

    /** Calls, goes to the time that was named and calls again, until it is not waiting any more. */
    const ended = async <R>(ask: () => Promise<TaskReply<R>>): Promise<Exclude<TaskReply<R>, { state: "waiting" }>> => {
      for (;;) {
        const reply = await ask();
        if (reply.state !== "waiting") return reply;
        if (reply.hanging) throw new Error("hangs");
        clock.goTo(reply.doneAt);
      }
    };

    const done = async <O extends ItemOperation>(
      operation: O,
      params: ItemOperations[O]["params"],
      itemId = "item-1",
      executionId = RUN,
      key?: string,
    ): Promise<ItemOperations[O]["result"]> => {
      const reply = await ended(() => call(operation, params, itemId, executionId, key));
      if (reply.state === "failed") throw new Error(`${operation}: [${reply.code}] ${reply.message}`);
      return reply.result;
    };

    const snapshot = async (itemId = "item-1") => {
      const [item] = await estate.describeItems(worldId, [itemId]);
      if (item === undefined) throw new Error("no item");
      return item;
    };

    const promote = async (pointId: string, itemId = "item-1", epoch = 1) => {
      const result = await done("promote-replica", { pointId, epoch }, itemId);
      await done("start-replica", { epoch }, itemId);
      return result;
    };

    beforeEach(async () => {
      clock = new HandClock();
      tables = open();
      estate = emulator();
      await load();
    });

    describe("tasks", () => {
      test("begin, look too early, look when due: one effect, the same answer for ever", async () => {
        const begun = await call("shut-down-source", {});
        if (begun.state !== "waiting") throw new Error("expected to wait");
        expect((await snapshot()).source.power).toBe("on");
        expect(await call("shut-down-source", {})).toEqual(begun);

        clock.goTo(begun.doneAt);
        const first = await call("shut-down-source", {});
        expect(first.state).toBe("done");
        clock.pass(3_600);
        expect(await call("shut-down-source", {})).toEqual(first);
        expect(await estate.ledger(worldId, { itemId: "item-1" })).toHaveLength(1);
      });

      test("begun 20 times at once it has one effect", async () => {
        const instant = emulator("zero");
        const task = { worldId, executionId: RUN, key: "k", itemId: "item-1", params: {} };
        const replies = await Promise.all(
          Array.from({ length: 20 }, () => instant.runOnItem({ ...task, operation: "shut-down-source" })),
        );
        expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
        expect(await instant.ledger(worldId, { itemId: "item-1" })).toHaveLength(1);
      });

      test("what was begun goes on while its caller is away, and another process can look", async () => {
        const begun = await call("shut-down-source", {});
        if (begun.state !== "waiting") throw new Error("expected to wait");
        clock.goTo(begun.doneAt);
        estate = emulator();
        expect((await snapshot()).source.power).toBe("off");
        expect(await call("shut-down-source", {})).toMatchObject({ state: "done", endedAt: begun.doneAt });
      });

      test("a key used for another operation is refused", async () => {
        await call("shut-down-source", {}, "item-1", RUN, "same");
        await expect(call("stop-replication", {}, "item-1", RUN, "same")).rejects.toEqual(code("task-key-reused"));
      });

      test("an item does one operation at a time", async () => {
        const first = await call("shut-down-source", {});
        expect(await call("stop-replication", {})).toEqual(first);
        expect((await estate.ledger(worldId, { itemId: "item-1" })).length).toBe(0);
      });

      test("speed makes waits shorter and results no different", async () => {
        const slow = await call("shut-down-source", {}, "item-1");
        const startedMs = clock.now();
        estate = emulator("realistic", 60);
        const fast = await call("shut-down-source", {}, "item-2");
        if (slow.state !== "waiting" || fast.state !== "waiting") throw new Error("expected to wait");
        const [slowMs, fastMs] = [slow, fast].map(({ doneAt }) => Date.parse(doneAt) - startedMs);
        expect(fastMs).toBeLessThan((slowMs ?? 0) / 30);
        expect(await estate.now(worldId)).toBe("2026-03-02T09:00:00.000Z");
      });

      test("the same seed gives the same durations", async () => {
        const first = await call("shut-down-source", {});
        await load();
        expect(await call("shut-down-source", {})).toEqual(first);
      });

      test("unknown worlds, items and sites are refused", async () => {
        await expect(call("shut-down-source", {}, "nobody")).rejects.toEqual(code("item-not-found"));
        await expect(estate.describeItems("nowhere", ["item-1"])).rejects.toEqual(code("world-not-found"));
        await expect(estate.describeSite(worldId, "nowhere")).rejects.toEqual(code("not-found"));
      });

      test("a ledger longer than a page keeps every entry in order", async () => {
        estate = emulator("zero");
        for (let round = 1; round <= 40; round += 1) {
          await call("stop-replication", {}, "item-1", RUN, `stop-${round}`);
          await call("restore-replication", {}, "item-1", RUN, `restore-${round}`);
        }
        const ledger = await estate.ledger(worldId, { itemId: "item-1" });
        expect(ledger.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
        expect(new Set(ledger.map(({ key }) => key)).size).toBe(80);
      });
    });

    describe("failover", () => {
      test("H2: shut down and synchronised, a promotion loses nothing, proved by write sequences", async () => {
        const stopped = await done("shut-down-source", {});
        const { point, sequences } = await done("final-synchronise", {});
        await done("stop-replication", {});
        const promoted = await promote(point.id);

        expect(promoted.dataLoss).toEqual({ seconds: 0, writes: 0, bytes: 0 });
        expect(sequences).toEqual(stopped.sequences);
        expect(promoted.sequences).toEqual(stopped.sequences);
        expect(stopped.sequences.every(({ sequence }) => sequence > 0)).toBe(true);
      });

      test("H3: without synchronisation the loss is what was written after the point", async () => {
        const { points } = await estate.recoveryPoints(worldId, "item-1");
        const [point] = points;
        if (point === undefined) throw new Error("no point");
        const promoted = await promote(point.id);
        const [entry] = (await estate.ledger(worldId, { itemId: "item-1" })).filter(
          ({ operation }) => operation === "promote-replica",
        );
        const seconds = (Date.parse(entry?.at ?? "") - Date.parse(point.time)) / 1_000;
        expect(promoted.dataLoss.seconds).toBeCloseTo(seconds, 3);
        // 1 MB/s over two disks in writes of 64 KiB, each counted down to a whole write.
        expect(Math.abs(promoted.dataLoss.writes - (seconds * 1_000_000) / 65_536)).toBeLessThanOrEqual(2);
      });

      test("P4: latest processes what was received, so it is newer than latest-processed, once", async () => {
        const before = await estate.recoveryPoints(worldId, "item-1");
        expect(before.pending).toBe(true);
        const { point } = await done("process-pending-data", {});
        expect(Date.parse(point.time)).toBeGreaterThan(Date.parse(before.points[0]?.time ?? ""));
        expect((await estate.recoveryPoints(worldId, "item-1")).points[0]).toEqual(point);
      });

      test("P4: when nothing waits, no new point is made", async () => {
        await done("shut-down-source", {});
        const { point } = await done("final-synchronise", {});
        expect((await estate.recoveryPoints(worldId, "item-1")).pending).toBe(false);
        expect((await done("process-pending-data", {})).point).toEqual(point);
      });

      test("points are frozen while replication is stopped, and go on when it is restored", async () => {
        await done("stop-replication", {});
        const frozen = (await estate.recoveryPoints(worldId, "item-1")).points;
        clock.pass(7_200);
        expect((await estate.recoveryPoints(worldId, "item-1")).points).toEqual(frozen);
        const { replicatingSince } = await done("restore-replication", {});
        clock.pass(1_800);
        const { points } = await estate.recoveryPoints(worldId, "item-1");
        const fresh = points.filter(({ time }) => time > (frozen[0]?.time ?? ""));
        expect(fresh.length).toBeGreaterThan(0);
        expect(fresh.every(({ time }) => time >= replicatingSince)).toBe(true);
      });

      test("promotion raises the epoch and fences a source that is still on", async () => {
        const { points } = await estate.recoveryPoints(worldId, "item-1");
        await promote(points[0]?.id ?? "");
        const { epoch, source, replica } = await snapshot();
        expect(epoch).toBe(1);
        expect(source).toMatchObject({ power: "on", writable: false });
        expect(replica).toMatchObject({ power: "on", heartbeat: "ok", writable: true });
      });

      test("an old epoch neither promotes nor starts", async () => {
        const { points } = await estate.recoveryPoints(worldId, "item-1");
        const pointId = points[0]?.id ?? "";
        await promote(pointId);
        const again = await call("promote-replica", { pointId, epoch: 1 }, "item-1", OTHER_RUN);
        expect(again).toMatchObject({ state: "failed", code: "stale-epoch" });
        const start = await call("start-replica", { epoch: 0 }, "item-1", OTHER_RUN);
        expect(start).toMatchObject({ state: "failed", code: "stale-epoch" });
      });

      test("a point that is not there is refused", async () => {
        const reply = await call("promote-replica", { pointId: "nowhere", epoch: 1 });
        expect(reply).toMatchObject({ state: "failed", code: "no-recovery-point" });
      });

      test("an unpromoted replica is neither started nor committed", async () => {
        const refused = { state: "failed", code: "operation-refused" };
        expect(await call("start-replica", { epoch: 0 })).toMatchObject(refused);
        expect(await call("delete-recovery-points", {})).toMatchObject(refused);
      });

      test("the last changes of a source that is still on are not final", async () => {
        const reply = await call("final-synchronise", {});
        expect(reply).toMatchObject({ state: "failed", code: "operation-refused" });
      });

      test("a promotion that waits is refused when the item was promoted meanwhile by another", async () => {
        const { points } = await estate.recoveryPoints(worldId, "item-1");
        const pointId = points[0]?.id ?? "";
        await call("promote-replica", { pointId, epoch: 1 });
        const late = await ended(() => call("promote-replica", { pointId, epoch: 1 }, "item-1", OTHER_RUN));
        expect(late).toMatchObject({ state: "failed", code: "stale-epoch" });
        const promotions = await estate.ledger(worldId, { itemId: "item-1" });
        expect(promotions.map(({ executionId }) => executionId)).toEqual([RUN]);
      });

      test("F6: tools keep running on Linux, and a physical server has none", async () => {
        await load(shopWorld());
        for (const [itemId, tools] of [
          ["web-1", "running"],
          ["orders-db-1", "absent"],
        ] as const) {
          const { points } = await estate.recoveryPoints(worldId, itemId);
          await promote(points[0]?.id ?? "", itemId);
          expect((await snapshot(itemId)).replica.tools).toBe(tools);
        }
      });

      test("F6: VMware tools are disabled on a Windows machine that failed over", async () => {
        const { points } = await estate.recoveryPoints(worldId, "item-1");
        expect((await snapshot()).source.tools).toBe("running");
        await promote(points[0]?.id ?? "");
        expect((await snapshot()).replica.tools).toBe("disabled");
      });

      test("P8: a physical server takes 8 to 10 minutes more to promote", async () => {
        await load(shopWorld());
        const seconds = async (itemId: string) => {
          const { points } = await estate.recoveryPoints(worldId, itemId);
          const pointId = points[0]?.id ?? "";
          const reply = await ended(() => call("promote-replica", { pointId, epoch: 1 }, itemId));
          if (reply.state !== "done") throw new Error("not promoted");
          return (Date.parse(reply.endedAt) - Date.parse(reply.startedAt)) / 1_000;
        };
        const [physical, vmware] = [await seconds("orders-db-1"), await seconds("app-1")];
        expect(physical - vmware).toBeGreaterThan(8 * 60 * 0.8);
        expect(physical).toBeLessThan(15 * 60);
      });

      test("P6: commit deletes every recovery point", async () => {
        const { points } = await estate.recoveryPoints(worldId, "item-1");
        await promote(points[0]?.id ?? "");
        const { deleted } = await done("delete-recovery-points", {});
        expect(deleted).toBeGreaterThan(0);
        expect((await estate.recoveryPoints(worldId, "item-1")).points).toEqual([]);
      });

      test("another point can be promoted before commit; the loss is that of the point", async () => {
        const { points } = await estate.recoveryPoints(worldId, "item-1");
        const [newest, older] = points;
        if (newest === undefined || older === undefined) throw new Error("too few points");
        const first = await promote(newest.id);
        const second = await done("promote-replica", { pointId: older.id, epoch: 2 }, "item-1", OTHER_RUN);
        const between = (Date.parse(newest.time) - Date.parse(older.time)) / 1_000;
        expect(second.dataLoss.seconds - first.dataLoss.seconds).toBeCloseTo(between, 3);
        expect((await snapshot()).replica.power).toBe("off");
      });

      test("members of a replication group share the ids of their points", async () => {
        await load(shopWorld());
        const [first, second] = await Promise.all(
          ["orders-db-1", "orders-reports"].map((itemId) => estate.recoveryPoints(worldId, itemId)),
        );
        const shared = first?.points.filter(({ id }) => second?.points.some((point) => point.id === id)) ?? [];
        expect(shared.length).toBeGreaterThan(20);
        expect(shared.every(({ replicationGroupId }) => replicationGroupId === "orders-database")).toBe(true);
      });
    });

    describe("undo", () => {
      test("P7: demoted, replicating and started again, the item is as before, with a new epoch", async () => {
        const before = await snapshot();
        await done("shut-down-source", {});
        const { point } = await done("final-synchronise", {});
        await done("stop-replication", {});
        await promote(point.id);

        await done("demote-replica", { epoch: 2 });
        await done("restore-replication", {});
        await done("restart-source", {});

        const after = await snapshot();
        expect(after.source).toEqual(before.source);
        expect(after.replica).toEqual(before.replica);
        expect(after.replication.state).toBe("replicating");
        expect(after.epoch).toBe(2);
        clock.pass(600);
        const truth = await estate.groundTruth(worldId, "item-1");
        expect(truth.source.sequences[0]?.sequence).toBeGreaterThan(truth.replica.sequences[0]?.sequence ?? 0);
      });

      test("undoing what was never done changes nothing but the epoch", async () => {
        const before = await snapshot();
        await done("demote-replica", { epoch: 1 });
        await done("restore-replication", {});
        await done("restart-source", {});
        const after = await snapshot();
        expect({ ...after, replication: null }).toEqual({ ...before, epoch: 1, replication: null });
        expect(await call("demote-replica", { epoch: 1 }, "item-1", OTHER_RUN)).toMatchObject({ code: "stale-epoch" });
      });

      test("a source is not started beside a promoted replica", async () => {
        const { points } = await estate.recoveryPoints(worldId, "item-1");
        await promote(points[0]?.id ?? "");
        const reply = await call("restart-source", {});
        expect(reply).toMatchObject({ state: "failed", code: "operation-refused" });
      });
    });

    describe("tests", () => {
      const testNetwork = (operation: "create-test-network" | "remove-test-network", executionId = RUN) =>
        ended(() =>
          estate.runOnSite({
            worldId,
            executionId,
            key: `${executionId}/${operation}`,
            siteId: "away",
            operation,
            params: {},
          }),
        );

      test("a test copy leaves source, replica and replication alone, and clean-up leaves nothing", async () => {
        const before = await snapshot();
        const network = await testNetwork("create-test-network");
        if (network.state !== "done" || !("networkId" in network.result)) throw new Error("no network");
        const { networkId } = network.result;
        const { points } = await estate.recoveryPoints(worldId, "item-1");
        await done("create-test-copy", { pointId: points[0]?.id ?? "", networkId });
        await done("start-test-copy", {});

        const during = await snapshot();
        expect([during.source, during.replica, during.epoch]).toEqual([before.source, before.replica, before.epoch]);
        expect(during.replication.state).toBe("replicating");
        expect(during.testCopies).toEqual([{ executionId: RUN, networkId, power: "on" }]);
        const left = await estate.leftovers(worldId, ["item-1", "item-2"], RUN);
        expect([left.testCopies.length, left.testNetworks.length]).toEqual([1, 1]);
        expect((await estate.leftovers(worldId, ["item-1"], OTHER_RUN)).testCopies).toEqual([]);

        expect(await done("remove-test-copy", {})).toEqual({ removed: true });
        await testNetwork("remove-test-network");
        expect(await estate.leftovers(worldId, ["item-1", "item-2"], null)).toEqual({
          testCopies: [],
          testNetworks: [],
        });
      });

      test("a second copy is refused, and removing none is no error", async () => {
        const { points } = await estate.recoveryPoints(worldId, "item-1");
        const params = { pointId: points[0]?.id ?? "", networkId: "vnet" };
        expect(await done("remove-test-copy", {}, "item-1", OTHER_RUN, "early")).toEqual({ removed: false });
        const missing = { ...params, pointId: "nowhere" };
        expect(await call("create-test-copy", missing, "item-1", RUN, "missing")).toMatchObject({
          code: "no-recovery-point",
        });
        expect(await call("start-test-copy", {})).toMatchObject({ state: "failed", code: "operation-refused" });
        await done("create-test-copy", params);
        const second = await call("create-test-copy", params, "item-1", OTHER_RUN);
        expect(second).toMatchObject({ state: "failed", code: "leftovers" });
      });
    });

    describe("faults", () => {
      const fault = (mode: FaultInput["mode"], more: Partial<FaultInput> = {}) =>
        estate.addFault(worldId, { target: { itemId: "item-1" }, mode, ...more });

      test("fail-before: nothing happens, and the next try succeeds when it is spent", async () => {
        await fault("fail-before", { operation: "shut-down-source", times: 2 });
        await expect(call("shut-down-source", {})).rejects.toEqual(code("operation-failed"));
        await expect(call("shut-down-source", {})).rejects.toEqual(code("operation-failed"));
        await done("shut-down-source", {});
        expect(await estate.ledger(worldId, { itemId: "item-1" })).toHaveLength(1);
      });

      test("fail-after: the effect is there, the answer is lost once, and there is one effect", async () => {
        await fault("fail-after", { times: 1 });
        const begun = await call("shut-down-source", {});
        if (begun.state !== "waiting") throw new Error("expected to wait");
        clock.goTo(begun.doneAt);
        await expect(call("shut-down-source", {})).rejects.toEqual(code("operation-failed"));
        expect((await snapshot()).source.power).toBe("off");
        expect((await call("shut-down-source", {})).state).toBe("done");
        expect(await estate.ledger(worldId, { itemId: "item-1" })).toHaveLength(1);
      });

      test("P5: refuse: the guest refuses to shut down, and other items do not", async () => {
        await fault("refuse", { operation: "shut-down-source" });
        expect(await call("shut-down-source", {})).toMatchObject({ state: "failed", code: "shutdown-failed" });
        expect((await snapshot()).source.power).toBe("on");
        await done("shut-down-source", {}, "item-2");
      });

      test("hang: it waits without an end, and goes on when the fault is cleared", async () => {
        const { faultId } = await fault("hang");
        expect(await call("shut-down-source", {})).toMatchObject({ state: "waiting", hanging: true });
        clock.pass(86_400);
        expect(await call("shut-down-source", {})).toMatchObject({ state: "waiting", hanging: true });
        expect(await estate.clearFaults(worldId, faultId)).toBe(1);
        await done("shut-down-source", {});
      });

      test("what comes after an operation that hangs waits with it", async () => {
        await fault("hang", { operation: "shut-down-source" });
        await call("shut-down-source", {});
        expect(await call("stop-replication", {})).toMatchObject({ state: "waiting", hanging: true });
        expect(await estate.ledger(worldId, { itemId: "item-1" })).toEqual([]);
      });

      test("refuse shows as often as it should, for any operation", async () => {
        await fault("refuse", { operation: "stop-replication", times: 1 });
        const refused = await call("stop-replication", {});
        expect(refused).toMatchObject({ state: "failed", code: "operation-refused" });
        expect(await call("stop-replication", {})).toEqual(refused);
        await done("stop-replication", {}, "item-1", OTHER_RUN);
      });

      test("an undo ends what hangs", async () => {
        await fault("hang", { operation: "stop-replication" });
        await call("stop-replication", {});
        await done("restore-replication", {});
        expect(await call("stop-replication", {})).toMatchObject({ state: "failed", code: "operation-refused" });
      });

      test("slow: it takes the factor longer", async () => {
        const waits = async (itemId: string) => {
          const nowMs = clock.now();
          const reply = await call("stop-replication", {}, itemId);
          return reply.state === "waiting" ? Date.parse(reply.doneAt) - nowMs : 0;
        };
        const usual = await waits("item-1");
        await load();
        await fault("slow", { factor: 10 });
        expect(await waits("item-1")).toBe(usual * 10);
      });

      test("a site or a link that is down fails what needs it; the site is shown as unreachable", async () => {
        await estate.addFault(worldId, { target: { siteId: "home" }, mode: "fail-before" });
        await expect(call("shut-down-source", {})).rejects.toEqual(code("site-unreachable"));
        expect((await estate.describeSite(worldId, "home")).reachable).toBe(false);
        expect((await estate.describeSite(worldId, "away")).reachable).toBe(true);
        await estate.clearFaults(worldId);
        await estate.addFault(worldId, {
          target: { linkId: "vpn" },
          operation: "final-synchronise",
          mode: "fail-before",
        });
        await done("shut-down-source", {});
        await expect(call("final-synchronise", {})).rejects.toEqual(code("site-unreachable"));
      });

      test("P5: a source site that is down does not keep the replicas from starting", async () => {
        await estate.addFault(worldId, { target: { siteId: "home" }, mode: "fail-before" });
        const { point } = await done("process-pending-data", {});
        await done("stop-replication", {});
        const { dataLoss } = await promote(point.id);
        expect(dataLoss.writes).toBeGreaterThan(0);
        expect((await snapshot()).replica).toMatchObject({ power: "on", writable: true });
        await expect(call("restart-source", {}, "item-2")).rejects.toEqual(code("site-unreachable"));
      });

      test("a target site that is down keeps its networks and replicas from being made", async () => {
        await estate.addFault(worldId, { target: { siteId: "away" }, mode: "fail-before" });
        const site = { worldId, executionId: RUN, siteId: "away", key: "k", params: {} };
        const create = estate.runOnSite({ ...site, operation: "create-test-network" });
        await expect(create).rejects.toEqual(code("site-unreachable"));
        await expect(call("start-replica", { epoch: 1 })).rejects.toEqual(code("site-unreachable"));
        await done("shut-down-source", {});
      });

      test("faults are listed in order, by every process, and cleared", async () => {
        await fault("hang");
        await fault("slow", { factor: 2 });
        expect((await emulator().listFaults(worldId)).map(({ faultId }) => faultId)).toEqual(["fault-1", "fault-2"]);
        expect(await estate.clearFaults(worldId)).toBe(2);
        expect(await estate.listFaults(worldId)).toEqual([]);
        await expect(estate.clearFaults(worldId, "fault-1")).rejects.toEqual(code("not-found"));
      });

      test.each([
        ["slow without a factor", { target: { itemId: "item-1" }, mode: "slow" }, "invalid-input"],
        ["a factor on hang", { target: { itemId: "item-1" }, mode: "hang", factor: 2 }, "invalid-input"],
        ["times on hang", { target: { itemId: "item-1" }, mode: "hang", times: 2 }, "invalid-input"],
        ["an unknown item", { target: { itemId: "nobody" }, mode: "hang" }, "item-not-found"],
        ["an unknown site", { target: { siteId: "nowhere" }, mode: "hang" }, "not-found"],
        ["an unknown link", { target: { linkId: "nowhere" }, mode: "hang" }, "not-found"],
      ] satisfies [string, FaultInput, string][])("%s is refused", async (_, input, expected) => {
        await expect(estate.addFault(worldId, input)).rejects.toEqual(code(expected));
        expect(await estate.listFaults(worldId)).toEqual([]);
      });
    });

    test("a site's ledger has its networks", async () => {
      estate = emulator("zero");
      const site = { worldId, executionId: RUN, siteId: "away", params: {} };
      await estate.runOnSite({ ...site, key: "k", operation: "create-test-network" });
      const ledger = await estate.ledger(worldId, { siteId: "away" });
      expect(ledger.map(({ operation, epoch, after }) => [operation, epoch, after])).toEqual([
        ["create-test-network", 0, null],
      ]);
      const nowhere = { ...site, siteId: "nowhere", key: "k2", operation: "remove-test-network" } as const;
      await expect(estate.runOnSite(nowhere)).rejects.toEqual(code("not-found"));
    });

    test("a source whose workload writes nothing loses nothing", async () => {
      const world = smallWorld(1);
      for (const item of world.items) item.changeRateMbPerSecond = 0;
      await load(world);
      const { points, pending } = await estate.recoveryPoints(worldId, "item-1");
      expect(pending).toBe(false);
      const { dataLoss } = await promote(points.at(-1)?.id ?? "");
      expect(dataLoss).toEqual({ seconds: 0, writes: 0, bytes: 0 });
    });

    test("many items are described in the order asked for, and an estate with its sites", async () => {
      await load(smallWorld(150));
      const itemIds = Array.from({ length: 150 }, (_, index) => `item-${150 - index}`);
      const { items, sites } = await estate.describeEstate(worldId, itemIds);
      expect(items.map(({ item }) => item.id)).toEqual(itemIds);
      expect(sites.map(({ site }) => site.id).sort()).toEqual(["away", "home"]);
      expect(items.every(({ replication }) => replication.newestPoint !== null)).toBe(true);
    });

    test("a world loaded again starts afresh, and nothing of the earlier one is left", async () => {
      await done("shut-down-source", {});
      await estate.addFault(worldId, { target: { itemId: "item-1" }, mode: "hang" });
      await load();
      expect((await snapshot()).source.power).toBe("on");
      expect(await estate.listFaults(worldId)).toEqual([]);
      expect(await estate.ledger(worldId, { itemId: "item-1" })).toEqual([]);
      expect((await tables.table("Estate").list("small:1:0", { limit: 10 })).rows).toEqual([]);
    });
  });
}
