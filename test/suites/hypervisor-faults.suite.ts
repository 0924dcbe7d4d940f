import { beforeEach, describe, expect, test } from "vitest";
import type { FaultInput } from "../../src/hypervisor/port.js";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorHarness, EXECUTION, OTHER_EXECUTION } from "../support/emulator-harness.js";

const code = (name: string) => expect.objectContaining({ code: name });

/** Test copies, and faults of items, sites and links. */
export function faultSuite(name: string, open: () => Tables): void {
  describe(`tests and faults at the hypervisor on ${name}`, () => {
    let harness: EmulatorHarness;
    beforeEach(async () => {
      harness = await EmulatorHarness.open(open());
    });

    describe("tests", () => {
      const testNetwork = (operation: "create-test-network" | "remove-test-network", executionId = EXECUTION) =>
        harness.ended(() =>
          harness.estate.runOnSite({
            worldId: harness.worldId,
            executionId,
            key: `${executionId}/${operation}`,
            siteId: "away",
            operation,
            params: {},
          }),
        );

      test("a test copy does not touch source, replica and replication, and clean-up leaves nothing", async () => {
        const before = await harness.snapshot();
        const network = await testNetwork("create-test-network");
        if (network.state !== "done" || !("networkId" in network.result)) throw new Error("no network");
        const { networkId } = network.result;
        const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
        await harness.done("create-test-copy", { pointId: points[0]?.id ?? "", networkId });
        await harness.done("start-test-copy", {});

        const during = await harness.snapshot();
        expect([during.source, during.replica, during.epoch]).toEqual([before.source, before.replica, before.epoch]);
        expect(during.replication.state).toBe("replicating");
        expect(during.testCopies).toEqual([{ executionId: EXECUTION, networkId, power: "on" }]);
        const left = await harness.estate.leftovers(harness.worldId, ["item-1", "item-2"], EXECUTION);
        expect([left.testCopies.length, left.testNetworks.length]).toEqual([1, 1]);
        expect((await harness.estate.leftovers(harness.worldId, ["item-1"], OTHER_EXECUTION)).testCopies).toEqual([]);

        expect(await harness.done("remove-test-copy", {})).toEqual({ removed: true });
        await testNetwork("remove-test-network");
        expect(await harness.estate.leftovers(harness.worldId, ["item-1", "item-2"], null)).toEqual({
          testCopies: [],
          testNetworks: [],
        });
      });

      test("a second test copy is refused, and removing none is no error", async () => {
        const { points } = await harness.estate.recoveryPoints(harness.worldId, "item-1");
        const params = { pointId: points[0]?.id ?? "", networkId: "vnet" };
        expect(await harness.done("remove-test-copy", {}, "item-1", OTHER_EXECUTION, "early")).toEqual({
          removed: false,
        });
        const missing = { ...params, pointId: "nowhere" };
        expect(await harness.call("create-test-copy", missing, "item-1", EXECUTION, "missing")).toMatchObject({
          code: "no-recovery-point",
        });
        expect(await harness.call("start-test-copy", {})).toMatchObject({ state: "failed", code: "operation-refused" });
        await harness.done("create-test-copy", params);
        const second = await harness.call("create-test-copy", params, "item-1", OTHER_EXECUTION);
        expect(second).toMatchObject({ state: "failed", code: "leftovers" });
      });
    });

    describe("faults", () => {
      const fault = (mode: FaultInput["mode"], more: Partial<FaultInput> = {}) =>
        harness.estate.addFault(harness.worldId, { target: { itemId: "item-1" }, mode, ...more });

      test("fail-before: nothing happens, and the next attempt succeeds once the fault is spent", async () => {
        await fault("fail-before", { operation: "shut-down-source", times: 2 });
        await expect(harness.call("shut-down-source", {})).rejects.toEqual(code("operation-failed"));
        await expect(harness.call("shut-down-source", {})).rejects.toEqual(code("operation-failed"));
        await harness.done("shut-down-source", {});
        expect(await harness.estate.ledger(harness.worldId, { itemId: "item-1" })).toHaveLength(1);
      });

      test("fail-after: the operation takes effect once and its answer is lost once", async () => {
        await fault("fail-after", { times: 1 });
        const begun = await harness.call("shut-down-source", {});
        if (begun.state !== "waiting") throw new Error("expected to wait");
        harness.clock.goTo(begun.doneAt);
        await expect(harness.call("shut-down-source", {})).rejects.toEqual(code("operation-failed"));
        expect((await harness.snapshot()).source.power).toBe("off");
        expect((await harness.call("shut-down-source", {})).state).toBe("done");
        expect(await harness.estate.ledger(harness.worldId, { itemId: "item-1" })).toHaveLength(1);
      });

      test("P5: refuse: the guest refuses to shut down, and guests of other items do not", async () => {
        await fault("refuse", { operation: "shut-down-source" });
        expect(await harness.call("shut-down-source", {})).toMatchObject({ state: "failed", code: "shutdown-failed" });
        expect((await harness.snapshot()).source.power).toBe("on");
        await harness.done("shut-down-source", {}, "item-2");
      });

      test("hang: the operation waits without end, and resumes when the fault is cleared", async () => {
        const { faultId } = await fault("hang");
        expect(await harness.call("shut-down-source", {})).toMatchObject({ state: "waiting", hanging: true });
        harness.clock.pass(86_400);
        expect(await harness.call("shut-down-source", {})).toMatchObject({ state: "waiting", hanging: true });
        expect(await harness.estate.clearFaults(harness.worldId, faultId)).toBe(1);
        await harness.done("shut-down-source", {});
      });

      test("a hanging operation is abandoned for the next operation on its item, by any execution", async () => {
        const { faultId } = await fault("hang", { operation: "shut-down-source" });
        await harness.call("shut-down-source", {});
        await harness.done("stop-replication", {});
        await harness.call("shut-down-source", {}, "item-1", OTHER_EXECUTION);
        await harness.done("restore-replication", {}, "item-1", OTHER_EXECUTION);
        await harness.estate.clearFaults(harness.worldId, faultId);
        for (const executionId of [EXECUTION, OTHER_EXECUTION]) {
          const abandoned = await harness.call("shut-down-source", {}, "item-1", executionId);
          expect(abandoned).toMatchObject({ state: "failed", code: "operation-refused" });
        }
        expect((await harness.snapshot()).source.power).toBe("on");
      });

      test("at a site, which serves many executions, a hanging operation is abandoned only for an undo", async () => {
        await harness.estate.addFault(harness.worldId, {
          target: { siteId: "away" },
          operation: "create-test-network",
          mode: "hang",
        });
        const ask = (key: string, operation: "create-test-network" | "remove-test-network") =>
          harness.estate.runOnSite({
            ...{ worldId: harness.worldId, executionId: EXECUTION, siteId: "away", params: {} },
            ...{ key, operation },
          });
        await ask("one", "create-test-network");
        expect(await ask("two", "create-test-network")).toMatchObject({ state: "waiting", hanging: true });
        await ask("three", "remove-test-network");
        expect(await ask("one", "create-test-network")).toMatchObject({ state: "failed", code: "operation-refused" });
      });

      test("refuse affects any operation as often as given", async () => {
        await fault("refuse", { operation: "stop-replication", times: 1 });
        const refused = await harness.call("stop-replication", {});
        expect(refused).toMatchObject({ state: "failed", code: "operation-refused" });
        expect(await harness.call("stop-replication", {})).toEqual(refused);
        await harness.done("stop-replication", {}, "item-1", OTHER_EXECUTION);
      });

      test("an undo ends a hanging operation", async () => {
        await fault("hang", { operation: "stop-replication" });
        await harness.call("stop-replication", {});
        await harness.done("restore-replication", {});
        expect(await harness.call("stop-replication", {})).toMatchObject({
          state: "failed",
          code: "operation-refused",
        });
      });

      test("slow: the duration is multiplied by the factor", async () => {
        const waits = async (itemId: string) => {
          const nowMs = harness.clock.now();
          const reply = await harness.call("stop-replication", {}, itemId);
          return reply.state === "waiting" ? Date.parse(reply.doneAt) - nowMs : 0;
        };
        const usual = await waits("item-1");
        await harness.load();
        await fault("slow", { factor: 10 });
        expect(await waits("item-1")).toBe(usual * 10);
      });

      test("a site or link that is down fails the operations that need it, and the site is shown as unreachable", async () => {
        await harness.estate.addFault(harness.worldId, { target: { siteId: "home" }, mode: "fail-before" });
        await expect(harness.call("shut-down-source", {})).rejects.toEqual(code("site-unreachable"));
        expect((await harness.estate.describeSite(harness.worldId, "home")).reachable).toBe(false);
        expect((await harness.estate.describeSite(harness.worldId, "away")).reachable).toBe(true);
        await harness.estate.clearFaults(harness.worldId);
        await harness.estate.addFault(harness.worldId, {
          target: { linkId: "vpn" },
          operation: "final-synchronise",
          mode: "fail-before",
        });
        await harness.done("shut-down-source", {});
        await expect(harness.call("final-synchronise", {})).rejects.toEqual(code("site-unreachable"));
      });

      test("P5: replicas start while the source site is down", async () => {
        await harness.estate.addFault(harness.worldId, { target: { siteId: "home" }, mode: "fail-before" });
        const { point } = await harness.done("process-pending-data", {});
        await harness.done("stop-replication", {});
        const { dataLoss } = await harness.promote(point.id);
        expect(dataLoss.writes).toBeGreaterThan(0);
        expect((await harness.snapshot()).replica).toMatchObject({ power: "on", writable: true });
        await expect(harness.call("restart-source", {}, "item-2")).rejects.toEqual(code("site-unreachable"));
      });

      test("networks and replicas cannot be created while the target site is down", async () => {
        await harness.estate.addFault(harness.worldId, { target: { siteId: "away" }, mode: "fail-before" });
        const site = { worldId: harness.worldId, executionId: EXECUTION, siteId: "away", key: "k", params: {} };
        const create = harness.estate.runOnSite({ ...site, operation: "create-test-network" });
        await expect(create).rejects.toEqual(code("site-unreachable"));
        await expect(harness.call("start-replica", { epoch: 1 })).rejects.toEqual(code("site-unreachable"));
        await harness.done("shut-down-source", {});
      });

      test("every process lists faults in order and can clear them", async () => {
        await fault("hang");
        await fault("slow", { factor: 2 });
        expect((await harness.emulator().listFaults(harness.worldId)).map(({ faultId }) => faultId)).toEqual([
          "fault-1",
          "fault-2",
        ]);
        expect(await harness.estate.clearFaults(harness.worldId)).toBe(2);
        expect(await harness.estate.listFaults(harness.worldId)).toEqual([]);
        await expect(harness.estate.clearFaults(harness.worldId, "fault-1")).rejects.toEqual(code("not-found"));
      });

      test.each([
        ["slow without a factor", { target: { itemId: "item-1" }, mode: "slow" }, "invalid-input"],
        ["a factor on hang", { target: { itemId: "item-1" }, mode: "hang", factor: 2 }, "invalid-input"],
        ["times on hang", { target: { itemId: "item-1" }, mode: "hang", times: 2 }, "invalid-input"],
        ["an unknown item", { target: { itemId: "nobody" }, mode: "hang" }, "item-not-found"],
        ["an unknown site", { target: { siteId: "nowhere" }, mode: "hang" }, "not-found"],
        ["an unknown link", { target: { linkId: "nowhere" }, mode: "hang" }, "not-found"],
      ] satisfies [string, FaultInput, string][])("%s is refused", async (_, input, expected) => {
        await expect(harness.estate.addFault(harness.worldId, input)).rejects.toEqual(code(expected));
        expect(await harness.estate.listFaults(harness.worldId)).toEqual([]);
      });
    });
  });
}
