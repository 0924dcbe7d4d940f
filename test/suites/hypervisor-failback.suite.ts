import { beforeEach, describe, expect, test } from "vitest";
import type { Scenario } from "../../src/domain/vocabulary.js";
import { World, type WorldInput } from "../../src/domain/worlds/world.js";
import { createEmulator } from "../../src/hypervisor/emulator/emulator.js";
import type { EmulatedEstate, Hypervisor, ItemOperation, ItemOperations } from "../../src/hypervisor/port.js";
import type { Tables } from "../../src/store/tables/port.js";
import { estateOf } from "../support/estates.js";
import { ManualClock } from "../support/worlds.js";

const EXECUTION = "11111111-1111-8111-8111-111111111111";
const DELTAS = { newMachine: false, create: [] };
const GB = 1_000_000_000;

/** The contract of a hypervisor for reprotect and failback, shown on the emulator with the given tables. */
export function hypervisorFailbackSuite(name: string, open: () => Tables): void {
  describe(`reprotect and failback at the hypervisor on ${name}`, () => {
    let clock: ManualClock;
    let estate: Hypervisor & EmulatedEstate;
    let worldId: string;
    let keys = 0;

    beforeEach(() => {
      clock = new ManualClock();
      estate = createEmulator({ tables: open(), clock, speed: 1, durations: "realistic" });
      keys = 0;
    });

    const load = async (scenario: Scenario, change: (world: WorldInput) => void = () => undefined) => {
      const { world } = estateOf(scenario);
      change(world);
      worldId = world.id;
      await estate.loadWorld(World.parse(world));
    };

    /** Runs an operation to its end under a new key. */
    const run = async <O extends ItemOperation>(operation: O, params: ItemOperations[O]["params"], itemId = "db") => {
      keys += 1;
      const task = { worldId, executionId: EXECUTION, key: `${EXECUTION}/${keys}`, itemId, operation, params };
      for (;;) {
        const reply = await estate.runOnItem(task);
        if (reply.state !== "waiting") return reply;
        clock.goTo(reply.doneAt);
      }
    };

    const done = async <O extends ItemOperation>(
      operation: O,
      params: ItemOperations[O]["params"],
      itemId = "db",
    ): Promise<ItemOperations[O]["result"]> => {
      const reply = await run(operation, params, itemId);
      if (reply.state === "failed") throw new Error(`${operation}: [${reply.code}] ${reply.message}`);
      return reply.result;
    };

    const snapshot = async (itemId = "db") => {
      const [item] = await estate.describeItems(worldId, [itemId]);
      if (item === undefined) throw new Error("no item");
      return item;
    };

    /** Fails an item over in the direction of its replication, without data loss. */
    const failOver = async (epoch: number, { planned = true, itemId = "db" } = {}) => {
      await done("shut-down-source", {}, itemId);
      const { point } = await done("final-synchronise", {}, itemId);
      await done("stop-replication", {}, itemId);
      const promoted = await done("promote-replica", { pointId: point.id, epoch, planned }, itemId);
      await done("start-replica", { epoch }, itemId);
      return promoted;
    };
    const commit = (itemId = "db") => done("delete-recovery-points", {}, itemId);
    const agent = (itemId = "db") => done("await-agent", { wait: true }, itemId);

    test("P1: after a reversal every operation works in the other direction, and no write is lost in either", async () => {
      await load("vmware-to-azure");
      const before = await failOver(1);
      await commit();
      await agent();
      clock.pass(3_600);
      const atAway = await estate.groundTruth(worldId, "db");
      expect(atAway.replica.sequences[0]?.sequence).toBeGreaterThan(before.sequences[0]?.sequence ?? 0);
      const reversed = await done("reverse-replication", DELTAS);
      expect(reversed.direction).toBe("recovery-to-primary");

      const { source, replica, direction, replication } = await snapshot();
      expect([source.siteId, source.power, source.writable]).toEqual(["away", "on", true]);
      expect([replica.siteId, replica.power, direction]).toEqual(["home", "off", "recovery-to-primary"]);
      expect(replication).toMatchObject({ state: "replicating", newestPoint: reversed.point });

      clock.pass(600);
      const stopped = await estate.groundTruth(worldId, "db");
      const back = await failOver(2);
      expect(back.dataLoss).toEqual({ seconds: 0, writes: 0, bytes: 0 });
      expect(back.sequences[0]?.sequence).toBeGreaterThan(stopped.source.sequences[0]?.sequence ?? 0);
      expect((await snapshot()).replica).toMatchObject({ siteId: "home", power: "on", writable: true });
    });

    test("V2: a reversal sends what changed when the original machine exists, and whole disks to a new one", async () => {
      await load("physical-to-azure");
      await failOver(1);
      await commit();
      await agent();
      const newMachine = { newMachine: true, hostId: "esx-1", datastoreId: "ssd", create: ["machine db"] };
      const reversed = await done("reverse-replication", newMachine);
      expect(reversed).toMatchObject({ caughtUpBy: "full", bytes: 200 * GB, created: ["machine db"] });
      expect((await snapshot()).machine).toMatchObject({ form: "vm", hostId: "esx-1", datastoreId: "ssd" });

      await failOver(2);
      await commit();
      await agent();
      clock.pass(600);
      const again = await done("reverse-replication", DELTAS);
      expect(again.caughtUpBy).toBe("deltas");
      expect(again.bytes).toBeGreaterThan(600 * 1_000_000 * 0.9);
      expect(again.bytes).toBeLessThan(2 * GB);
    });

    test("F7: replication is not reversed until the agent has registered, within 15 minutes", async () => {
      await load("vmware-to-azure");
      await failOver(1);
      await commit();
      expect((await snapshot()).agentRegistered).toBe(false);
      const refused = {
        state: "failed",
        code: "agent-not-installed",
        message: expect.stringContaining("not installed"),
      };
      expect(await run("await-agent", { wait: false })).toMatchObject(refused);
      expect(await run("reverse-replication", DELTAS)).toMatchObject(refused);
      const beganMs = clock.now();
      const { registeredAt } = await done("await-agent", { wait: true });
      expect(clock.now()).toBe(Date.parse(registeredAt ?? ""));
      expect(clock.now() - beganMs).toBeLessThanOrEqual(15 * 60_000);
      expect((await done("reverse-replication", DELTAS)).caughtUpBy).toBe("deltas");
    });

    test("replication is not reversed before the commit", async () => {
      await load("azure-to-azure");
      expect(await run("reverse-replication", DELTAS)).toMatchObject({ state: "failed", code: "operation-refused" });
      await failOver(1);
      expect(await run("reverse-replication", DELTAS)).toMatchObject({ state: "failed", code: "operation-refused" });
    });

    test("H: a planned failover sets up reverse replication, an unplanned one does not", async () => {
      await load("hyperv-to-hyperv");
      await failOver(1, { planned: true });
      await failOver(1, { planned: false, itemId: "app" });
      expect((await snapshot("db")).replication.reversed).toBe(true);
      expect((await snapshot("app")).replication.reversed).toBe(false);
      await commit("db");
      await commit("app");
      expect((await done("reverse-replication", DELTAS, "db")).caughtUpBy).toBe("already-set");
      expect((await done("reverse-replication", DELTAS, "app")).caughtUpBy).toBe("deltas");
    });

    test("P13: the Azure machine is removed at the commit of a failback, and not before", async () => {
      await load("vmware-to-azure");
      await failOver(1);
      await commit();
      expect(await done("remove-old-machine", {})).toEqual({ removed: [] });
      await agent();
      await done("reverse-replication", DELTAS);
      await failOver(2);
      await commit();
      expect((await snapshot()).leftBehind).toEqual(["machine", "disks"]);
      expect((await done("remove-old-machine", {})).removed).toHaveLength(2);
      expect((await snapshot()).leftBehind).toEqual([]);
    });

    test.each([
      ["managed", true, []],
      ["unmanaged", false, ["machine", "disks"]],
    ] as const)(
      "A9 A10: leftovers of %s disks after failback and reprotect, and after disabling",
      async (_, managedDisks, left) => {
        await load("azure-to-azure", (world) => {
          for (const item of world.items ?? []) item.target = { ...item.target, managedDisks };
        });
        await failOver(1);
        await commit();
        await done("reverse-replication", DELTAS);
        await failOver(2);
        await commit();
        await done("reverse-replication", DELTAS);
        expect((await snapshot()).leftBehind).toEqual(left);
        const { removed, remaining } = await done("disable-replication", {});
        expect([removed.length, remaining]).toEqual([left.length, []]);
        const { leftBehind, replication, source } = await snapshot();
        expect([leftBehind, replication.state, replication.newestPoint]).toEqual([[], "stopped", null]);
        expect([source.siteId, source.power, source.writable]).toEqual(["home", "on", true]);
        expect(await run("resynchronise", {})).toMatchObject({ state: "failed", code: "operation-refused" });
        expect((await done("enable-replication", {})).bytes).toBe(200 * GB);
        expect((await snapshot()).replication).toMatchObject({ state: "replicating" });
        expect(await run("enable-replication", {})).toMatchObject({ state: "failed", code: "operation-refused" });
        expect((await done("resynchronise", {})).bytes).toBe(200 * GB);
      },
    );

    test("replication of a workload at the recovery site cannot be disabled", async () => {
      await load("azure-to-azure");
      await failOver(1);
      await commit();
      expect(await run("disable-replication", {})).toMatchObject({ state: "failed", code: "operation-refused" });
    });

    test("F6 V8: after a failback tools run again, static addresses use DHCP, and Linux may lack NetworkManager", async () => {
      await load("vmware-to-azure", (world) => {
        for (const machine of world.machines) machine.networkManagerPackage = false;
      });
      for (const itemId of ["db", "web"]) {
        await failOver(1, { itemId });
        await commit(itemId);
        await agent(itemId);
        await done("reverse-replication", DELTAS, itemId);
        await failOver(2, { itemId });
      }
      const db = await snapshot("db");
      expect([db.replica.tools, db.conditions.map(({ type }) => type)]).toEqual(["running", ["address-is-dhcp"]]);
      const web = await snapshot("web");
      expect(web.conditions.map(({ type }) => type)).toEqual(["address-is-dhcp", "network-manager-lost"]);
      await estate.resolveCondition(worldId, "web", "network-manager-lost");
      expect((await snapshot("web")).conditions.map(({ type }) => type)).toEqual(["address-is-dhcp"]);
      await expect(estate.resolveCondition(worldId, "web", "network-manager-lost")).rejects.toMatchObject({
        code: "not-found",
      });
    });

    test("a source that returns takes no writes, becomes a condition, and is shut down by a reversal", async () => {
      await load("azure-to-azure");
      await expect(estate.simulateSourceReturn(worldId, "db")).rejects.toMatchObject({ code: "invalid-input" });
      await failOver(1);
      await commit();
      await estate.simulateSourceReturn(worldId, "db");
      const { source, replica } = await estate.groundTruth(worldId, "db");
      expect([source.power, source.writable, replica.writable]).toEqual(["on", false, true]);
      expect((await snapshot()).conditions.map(({ type }) => type)).toEqual(["split-brain"]);
      clock.pass(600);
      expect((await estate.groundTruth(worldId, "db")).source.sequences).toEqual(source.sequences);
      await done("reverse-replication", DELTAS);
      const reversed = await snapshot();
      expect([reversed.replica.power, reversed.conditions]).toEqual(["off", []]);
    });

    test("a promotion beside a source that is still on is a condition at once, and its undo ends it", async () => {
      await load("vmware-to-azure");
      const { points } = await estate.recoveryPoints(worldId, "db");
      await done("promote-replica", { pointId: points[0]?.id ?? "", epoch: 1 });
      expect((await snapshot()).conditions.map(({ type }) => type)).toEqual(["split-brain"]);
      await done("demote-replica", { epoch: 2 });
      expect((await snapshot()).conditions).toEqual([]);
    });

    test("a test copy is promoted to its own point under a new epoch", async () => {
      await load("vmware-to-azure");
      const { points } = await estate.recoveryPoints(worldId, "db");
      const pointId = points[2]?.id ?? "";
      expect(await run("promote-test-copy", { epoch: 1 })).toMatchObject({ code: "operation-refused" });
      await done("create-test-copy", { pointId, networkId: "vnet-away" });
      await done("start-test-copy", {});
      expect(await run("promote-test-copy", { epoch: 0 })).toMatchObject({ code: "stale-epoch" });
      const { point, dataLoss, copy } = await done("promote-test-copy", { epoch: 1 });
      expect([point.id, copy.siteId, copy.writable]).toEqual([pointId, "away", true]);
      expect(dataLoss.writes).toBeGreaterThan(0);
      const { testCopies, source, epoch } = await snapshot();
      expect([testCopies, source.writable, epoch]).toEqual([[], false, 1]);
    });

    test("V4: a process server appears with its ports 10 to 15 minutes after its deployment began", async () => {
      await load("vmware-to-azure");
      const params = { processServerId: "ps-2", name: "ps-2", networkId: "vnet-away", subnet: "data", ip: "10.2.0.60" };
      const task = { worldId, executionId: EXECUTION, key: "deploy", siteId: "away", params };
      const begun = await estate.runOnSite({ ...task, operation: "deploy-process-server" });
      if (begun.state !== "waiting") throw new Error("expected to wait");
      const minutes = (Date.parse(begun.doneAt) - clock.now()) / 60_000;
      expect(minutes).toBeGreaterThanOrEqual(10);
      expect(minutes).toBeLessThanOrEqual(15);
      const servers = async () => (await estate.describeSite(worldId, "away")).site.processServers;
      expect((await servers()).map(({ id }) => id)).toEqual(["ps-away"]);
      clock.goTo(begun.doneAt);
      expect((await servers()).at(-1)).toMatchObject({ id: "ps-2", ip: "10.2.0.60", openPorts: [443, 9443] });
    });

    test("P12: in reverse direction the points follow the failback policy, not the replication policy", async () => {
      await load("vmware-to-azure", (world) => {
        const changed = { crashConsistentMinutes: 15, appConsistentMinutes: 0, rpoThresholdSeconds: 60 };
        world.policies = [{ id: "policy", ...changed }];
      });
      await failOver(1);
      await commit();
      await agent();
      await done("reverse-replication", DELTAS);
      clock.pass(4 * 3_600);
      const { policy } = await snapshot();
      expect(policy).toMatchObject({ rpoThresholdSeconds: 900, retentionDays: 1, appConsistentMinutes: 60 });
      const { points } = await estate.recoveryPoints(worldId, "db");
      expect(points.filter(({ consistency }) => consistency === "app-consistent").length).toBeGreaterThanOrEqual(3);
    });
  });
}
