import { beforeEach, describe, expect, test } from "vitest";
import type { FaultInput } from "../../src/hypervisor/port.js";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorHarness, OTHER_RUN, RUN } from "../support/emulator-harness.js";

const code = (name: string) => expect.objectContaining({ code: name });

/** Test copies, and faults of machines, sites and links. */
export function faultSuite(name: string, open: () => Tables): void {
  describe(`tests and faults at the hypervisor on ${name}`, () => {
    let bench: EmulatorHarness;
    beforeEach(async () => {
      bench = await EmulatorHarness.open(open());
    });

    describe("tests", () => {
      const testNetwork = (operation: "create-test-network" | "remove-test-network", executionId = RUN) =>
        bench.ended(() =>
          bench.estate.runOnSite({
            worldId: bench.worldId,
            executionId,
            key: `${executionId}/${operation}`,
            siteId: "away",
            operation,
            params: {},
          }),
        );

      test("a test copy leaves source, replica and replication alone, and clean-up leaves nothing", async () => {
        const before = await bench.snapshot();
        const network = await testNetwork("create-test-network");
        if (network.state !== "done" || !("networkId" in network.result)) throw new Error("no network");
        const { networkId } = network.result;
        const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
        await bench.done("create-test-copy", { pointId: points[0]?.id ?? "", networkId });
        await bench.done("start-test-copy", {});

        const during = await bench.snapshot();
        expect([during.source, during.replica, during.epoch]).toEqual([before.source, before.replica, before.epoch]);
        expect(during.replication.state).toBe("replicating");
        expect(during.testCopies).toEqual([{ executionId: RUN, networkId, power: "on" }]);
        const left = await bench.estate.leftovers(bench.worldId, ["item-1", "item-2"], RUN);
        expect([left.testCopies.length, left.testNetworks.length]).toEqual([1, 1]);
        expect((await bench.estate.leftovers(bench.worldId, ["item-1"], OTHER_RUN)).testCopies).toEqual([]);

        expect(await bench.done("remove-test-copy", {})).toEqual({ removed: true });
        await testNetwork("remove-test-network");
        expect(await bench.estate.leftovers(bench.worldId, ["item-1", "item-2"], null)).toEqual({
          testCopies: [],
          testNetworks: [],
        });
      });

      test("a second copy is refused, and removing none is no error", async () => {
        const { points } = await bench.estate.recoveryPoints(bench.worldId, "item-1");
        const params = { pointId: points[0]?.id ?? "", networkId: "vnet" };
        expect(await bench.done("remove-test-copy", {}, "item-1", OTHER_RUN, "early")).toEqual({ removed: false });
        const missing = { ...params, pointId: "nowhere" };
        expect(await bench.call("create-test-copy", missing, "item-1", RUN, "missing")).toMatchObject({
          code: "no-recovery-point",
        });
        expect(await bench.call("start-test-copy", {})).toMatchObject({ state: "failed", code: "operation-refused" });
        await bench.done("create-test-copy", params);
        const second = await bench.call("create-test-copy", params, "item-1", OTHER_RUN);
        expect(second).toMatchObject({ state: "failed", code: "leftovers" });
      });
    });

    describe("faults", () => {
      const fault = (mode: FaultInput["mode"], more: Partial<FaultInput> = {}) =>
        bench.estate.addFault(bench.worldId, { target: { itemId: "item-1" }, mode, ...more });

      test("fail-before: nothing happens, and the next try succeeds when it is spent", async () => {
        await fault("fail-before", { operation: "shut-down-source", times: 2 });
        await expect(bench.call("shut-down-source", {})).rejects.toEqual(code("operation-failed"));
        await expect(bench.call("shut-down-source", {})).rejects.toEqual(code("operation-failed"));
        await bench.done("shut-down-source", {});
        expect(await bench.estate.ledger(bench.worldId, { itemId: "item-1" })).toHaveLength(1);
      });

      test("fail-after: the effect is there, the answer is lost once, and there is one effect", async () => {
        await fault("fail-after", { times: 1 });
        const begun = await bench.call("shut-down-source", {});
        if (begun.state !== "waiting") throw new Error("expected to wait");
        bench.clock.goTo(begun.doneAt);
        await expect(bench.call("shut-down-source", {})).rejects.toEqual(code("operation-failed"));
        expect((await bench.snapshot()).source.power).toBe("off");
        expect((await bench.call("shut-down-source", {})).state).toBe("done");
        expect(await bench.estate.ledger(bench.worldId, { itemId: "item-1" })).toHaveLength(1);
      });

      test("P5: refuse: the guest refuses to shut down, and other items do not", async () => {
        await fault("refuse", { operation: "shut-down-source" });
        expect(await bench.call("shut-down-source", {})).toMatchObject({ state: "failed", code: "shutdown-failed" });
        expect((await bench.snapshot()).source.power).toBe("on");
        await bench.done("shut-down-source", {}, "item-2");
      });

      test("hang: it waits without an end, and goes on when the fault is cleared", async () => {
        const { faultId } = await fault("hang");
        expect(await bench.call("shut-down-source", {})).toMatchObject({ state: "waiting", hanging: true });
        bench.clock.pass(86_400);
        expect(await bench.call("shut-down-source", {})).toMatchObject({ state: "waiting", hanging: true });
        expect(await bench.estate.clearFaults(bench.worldId, faultId)).toBe(1);
        await bench.done("shut-down-source", {});
      });

      test("what hangs is given up for the next operation of the item, by whatever execution", async () => {
        const { faultId } = await fault("hang", { operation: "shut-down-source" });
        await bench.call("shut-down-source", {});
        await bench.done("stop-replication", {});
        await bench.call("shut-down-source", {}, "item-1", OTHER_RUN);
        await bench.done("restore-replication", {}, "item-1", OTHER_RUN);
        await bench.estate.clearFaults(bench.worldId, faultId);
        for (const run of [RUN, OTHER_RUN]) {
          const given = await bench.call("shut-down-source", {}, "item-1", run);
          expect(given).toMatchObject({ state: "failed", code: "operation-refused" });
        }
        expect((await bench.snapshot()).source.power).toBe("on");
      });

      test("at a site, which serves many, what hangs is given up for an undo alone", async () => {
        await bench.estate.addFault(bench.worldId, {
          target: { siteId: "away" },
          operation: "create-test-network",
          mode: "hang",
        });
        const ask = (key: string, operation: "create-test-network" | "remove-test-network") =>
          bench.estate.runOnSite({
            ...{ worldId: bench.worldId, executionId: RUN, siteId: "away", params: {} },
            ...{ key, operation },
          });
        await ask("one", "create-test-network");
        expect(await ask("two", "create-test-network")).toMatchObject({ state: "waiting", hanging: true });
        await ask("three", "remove-test-network");
        expect(await ask("one", "create-test-network")).toMatchObject({ state: "failed", code: "operation-refused" });
      });

      test("refuse shows as often as it should, for any operation", async () => {
        await fault("refuse", { operation: "stop-replication", times: 1 });
        const refused = await bench.call("stop-replication", {});
        expect(refused).toMatchObject({ state: "failed", code: "operation-refused" });
        expect(await bench.call("stop-replication", {})).toEqual(refused);
        await bench.done("stop-replication", {}, "item-1", OTHER_RUN);
      });

      test("an undo ends what hangs", async () => {
        await fault("hang", { operation: "stop-replication" });
        await bench.call("stop-replication", {});
        await bench.done("restore-replication", {});
        expect(await bench.call("stop-replication", {})).toMatchObject({ state: "failed", code: "operation-refused" });
      });

      test("slow: it takes the factor longer", async () => {
        const waits = async (itemId: string) => {
          const nowMs = bench.clock.now();
          const reply = await bench.call("stop-replication", {}, itemId);
          return reply.state === "waiting" ? Date.parse(reply.doneAt) - nowMs : 0;
        };
        const usual = await waits("item-1");
        await bench.load();
        await fault("slow", { factor: 10 });
        expect(await waits("item-1")).toBe(usual * 10);
      });

      test("a site or a link that is down fails what needs it; the site is shown as unreachable", async () => {
        await bench.estate.addFault(bench.worldId, { target: { siteId: "home" }, mode: "fail-before" });
        await expect(bench.call("shut-down-source", {})).rejects.toEqual(code("site-unreachable"));
        expect((await bench.estate.describeSite(bench.worldId, "home")).reachable).toBe(false);
        expect((await bench.estate.describeSite(bench.worldId, "away")).reachable).toBe(true);
        await bench.estate.clearFaults(bench.worldId);
        await bench.estate.addFault(bench.worldId, {
          target: { linkId: "vpn" },
          operation: "final-synchronise",
          mode: "fail-before",
        });
        await bench.done("shut-down-source", {});
        await expect(bench.call("final-synchronise", {})).rejects.toEqual(code("site-unreachable"));
      });

      test("P5: a source site that is down does not keep the replicas from starting", async () => {
        await bench.estate.addFault(bench.worldId, { target: { siteId: "home" }, mode: "fail-before" });
        const { point } = await bench.done("process-pending-data", {});
        await bench.done("stop-replication", {});
        const { dataLoss } = await bench.promote(point.id);
        expect(dataLoss.writes).toBeGreaterThan(0);
        expect((await bench.snapshot()).replica).toMatchObject({ power: "on", writable: true });
        await expect(bench.call("restart-source", {}, "item-2")).rejects.toEqual(code("site-unreachable"));
      });

      test("a target site that is down keeps its networks and replicas from being made", async () => {
        await bench.estate.addFault(bench.worldId, { target: { siteId: "away" }, mode: "fail-before" });
        const site = { worldId: bench.worldId, executionId: RUN, siteId: "away", key: "k", params: {} };
        const create = bench.estate.runOnSite({ ...site, operation: "create-test-network" });
        await expect(create).rejects.toEqual(code("site-unreachable"));
        await expect(bench.call("start-replica", { epoch: 1 })).rejects.toEqual(code("site-unreachable"));
        await bench.done("shut-down-source", {});
      });

      test("faults are listed in order, by every process, and cleared", async () => {
        await fault("hang");
        await fault("slow", { factor: 2 });
        expect((await bench.emulator().listFaults(bench.worldId)).map(({ faultId }) => faultId)).toEqual([
          "fault-1",
          "fault-2",
        ]);
        expect(await bench.estate.clearFaults(bench.worldId)).toBe(2);
        expect(await bench.estate.listFaults(bench.worldId)).toEqual([]);
        await expect(bench.estate.clearFaults(bench.worldId, "fault-1")).rejects.toEqual(code("not-found"));
      });

      test.each([
        ["slow without a factor", { target: { itemId: "item-1" }, mode: "slow" }, "invalid-input"],
        ["a factor on hang", { target: { itemId: "item-1" }, mode: "hang", factor: 2 }, "invalid-input"],
        ["times on hang", { target: { itemId: "item-1" }, mode: "hang", times: 2 }, "invalid-input"],
        ["an unknown item", { target: { itemId: "nobody" }, mode: "hang" }, "item-not-found"],
        ["an unknown site", { target: { siteId: "nowhere" }, mode: "hang" }, "not-found"],
        ["an unknown link", { target: { linkId: "nowhere" }, mode: "hang" }, "not-found"],
      ] satisfies [string, FaultInput, string][])("%s is refused", async (_, input, expected) => {
        await expect(bench.estate.addFault(bench.worldId, input)).rejects.toEqual(code(expected));
        expect(await bench.estate.listFaults(bench.worldId)).toEqual([]);
      });
    });
  });
}
