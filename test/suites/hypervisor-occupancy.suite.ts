import { beforeEach, describe, expect, test } from "vitest";
import type { ErrorCode } from "../../src/domain/errors.js";
import { World } from "../../src/domain/worlds/world.js";
import type { ItemOperation, ItemOperations, TaskReply } from "../../src/hypervisor/port.js";
import type { Tables } from "../../src/store/tables/port.js";
import { EmulatorHarness, EXECUTION, OTHER_EXECUTION } from "../support/emulator-harness.js";
import { estateOf } from "../support/estates.js";
import { smallWorld } from "../support/worlds.js";

type Change = (world: ReturnType<typeof smallWorld>) => void;

const twins: Change = ({ items }) => {
  for (const { target } of items) Object.assign(target, { name: "same", ip: "10.2.0.20" });
};

/** Two items that swap their sites, so that one may want an address that the other left. */
function crossing() {
  const { world } = estateOf("azure-to-azure");
  const [first, second] = [world.machines[0], world.machines[1]];
  const [there, back] = [world.items?.[0], world.items?.[1]];
  if (!first || !second || !there || !back) throw new Error("incomplete");
  Object.assign(second, { siteId: "away", nics: [{ name: "nic", networkId: "vnet-away", subnet: "data" }] });
  Object.assign(back, { sourceSiteId: "away", targetSiteId: "home" });
  back.target = { networkId: "vnet-home", ip: "10.1.0.11" }; // the address of the first machine at home
  return World.parse({ ...world, machines: [first, second], items: [there, back] });
}

/** What started machines take at a site, and that nobody gets it twice. */
export function occupancySuite(name: string, open: () => Tables): void {
  describe(`what machines take at a site, on ${name}`, () => {
    let harness: EmulatorHarness;
    let keys = 0;
    beforeEach(async () => {
      harness = await EmulatorHarness.open(open());
      keys = 0;
    });

    const load = async (change: Change) => {
      const world = smallWorld(2);
      change(world);
      await harness.load(world);
    };

    /** Runs an operation to its end under a new key. */
    const run = <O extends ItemOperation>(itemId: string, operation: O, params: ItemOperations[O]["params"]) => {
      keys += 1;
      const key = `${EXECUTION}/${keys}`;
      return harness.ended(() => harness.call(operation, params, itemId, EXECUTION, key));
    };
    const done = async <O extends ItemOperation>(itemId: string, operation: O, params: ItemOperations[O]["params"]) => {
      const reply = await run(itemId, operation, params);
      if (reply.state === "failed") throw new Error(`${operation} of ${itemId}: [${reply.code}] ${reply.message}`);
      return reply.result;
    };
    const newestPoint = async (itemId: string): Promise<string> =>
      (await harness.estate.recoveryPoints(harness.worldId, itemId)).points[0]?.id ?? "";
    const nextEpoch = async (itemId: string): Promise<number> => (await harness.snapshot(itemId)).epoch + 1;
    const promote = async (itemId: string) =>
      run(itemId, "promote-replica", { pointId: await newestPoint(itemId), epoch: await nextEpoch(itemId) });
    const failOver = async (itemId: string) => {
      const reply = await promote(itemId);
      if (reply.state === "failed") throw new Error(`[${reply.code}] ${reply.message}`);
      await done(itemId, "start-replica", { epoch: reply.result.epoch });
    };
    const cancel = async (itemId: string) => done(itemId, "demote-replica", { epoch: await nextEpoch(itemId) });
    const reprotect = async (itemId: string, params = {}) => {
      await done(itemId, "delete-recovery-points", {});
      await done(itemId, "await-agent", { wait: true });
      return run(itemId, "reverse-replication", { newMachine: false, create: [], ...params });
    };
    const takenAt = async (siteId: string) => (await harness.estate.describeSite(harness.worldId, siteId)).taken;
    const refused = (code: ErrorCode, text: string) => ({
      state: "failed",
      code,
      message: expect.stringContaining(text),
    });

    test("a second machine is told what is taken and by whom, and its source runs on", async () => {
      await load(twins);
      await failOver("item-1");
      const addresses = [{ networkId: "vnet", address: "10.2.0.20" }];
      expect(await takenAt("away")).toMatchObject([
        { itemId: "item-1", names: ["same"], addresses, cores: 4, networkInterfaces: 1 },
      ]);
      expect(await promote("item-2")).toMatchObject(refused("name-taken", "named same, that of item item-1"));
      expect((await harness.snapshot("item-2")).source).toMatchObject({ power: "on", writable: true });
      expect((await takenAt("away")).map(({ itemId }) => itemId)).toEqual(["item-1"]);
    });

    test.each<[string, Change, ErrorCode, string]>([
      [
        "an address",
        ({ items }) => {
          for (const { target } of items) target.ip = "10.2.0.20";
        },
        "address-taken",
        "10.2.0.20 in vnet at away is in use by item item-1",
      ],
      [
        "cores",
        ({ sites }) => Object.assign(sites[1] ?? {}, { quota: { cores: 8, coresUsed: 1 } }),
        "capacity-exceeded",
        "needs 4 cores at away, and 3 are free; the others are taken by item-1",
      ],
      [
        "interfaces",
        ({ sites }) => Object.assign(sites[1] ?? {}, { quota: { networkInterfaces: 3, networkInterfacesUsed: 2 } }),
        "capacity-exceeded",
        "needs 1 interface at away, and none is free",
      ],
    ])("%s is free again after a cancel", async (_, change, code, text) => {
      await load((world) => {
        change(world);
        Object.assign(world, World.parse(world));
      });
      await failOver("item-1");
      expect(await promote("item-2")).toMatchObject(refused(code, text));
      await cancel("item-1");
      expect(await takenAt("away")).toEqual([]);
      expect((await promote("item-2")).state).toBe("done");
    });

    test("a static address that another machine has is left out, and every carried interface counts", async () => {
      await load(({ machines, items }) => {
        for (const { nics } of machines) {
          Object.assign(nics[0] ?? {}, { assignment: "static", ip: "10.2.0.30" });
          nics.push({ name: "second", networkId: "lan", assignment: "dhcp" });
        }
        const [item] = items;
        if (item) item.target.interfaces = [{ name: "second", networkId: "vnet", ip: "10.2.0.31" }];
      });
      await failOver("item-1");
      await failOver("item-2");
      const taken = await takenAt("away");
      expect(taken.map(({ addresses, networkInterfaces }) => [addresses.length, networkInterfaces])).toEqual([
        [2, 2],
        [0, 1],
      ]);
    });

    test("a test copy takes a name and cores of its own, and all is free again after the clean-up", async () => {
      await load(twins);
      const test = async (itemId: string) =>
        run(itemId, "create-test-copy", { pointId: await newestPoint(itemId), networkId: `test-${EXECUTION}` });
      expect((await test("item-1")).state).toBe("done");
      expect(await takenAt("away")).toMatchObject([{ names: ["same-test"], addresses: [], cores: 4 }]);
      expect(await test("item-2")).toMatchObject(refused("name-taken", "named same-test, that of item item-1"));
      await failOver("item-2"); // the copy of the test has another name, and is on another network
      await done("item-1", "remove-test-copy", {});
      expect((await takenAt("away")).map(({ itemId }) => itemId)).toEqual(["item-2"]);
    });

    test("two processes cannot give one name to two items at the same time", async () => {
      await load(twins);
      const estates = [harness.emulator(), harness.emulator()];
      const points = await Promise.all(["item-1", "item-2"].map(newestPoint));
      const begin = (index: number): Promise<TaskReply<unknown>> => {
        const [itemId, executionId] = index === 0 ? ["item-1", EXECUTION] : ["item-2", OTHER_EXECUTION];
        const on = { worldId: harness.worldId, executionId, key: `${executionId}/promote`, itemId };
        const params = { pointId: points[index] ?? "", epoch: 1 };
        return (estates[index] ?? harness.estate).runOnItem({ ...on, operation: "promote-replica", params });
      };
      const replies = await Promise.all([begin(0), begin(1)]);
      expect(replies.map(({ state }) => state).toSorted()).toEqual(["failed", "waiting"]);
      expect(await takenAt("away")).toHaveLength(1);
    });

    test("what an operation had taken that never began is given to the next", async () => {
      await load(twins);
      const params = { pointId: await newestPoint("item-1"), epoch: 1 };
      const on = { worldId: harness.worldId, executionId: EXECUTION, key: "crashes", itemId: "item-1" };
      const crashing = harness.crashingEmulator(100);
      await expect(crashing.runOnItem({ ...on, operation: "promote-replica", params })).rejects.toThrow("power cut");
      harness.estate = harness.emulator();
      expect(await takenAt("away")).toEqual([]);
      await failOver("item-2");
      expect((await takenAt("away")).map(({ itemId }) => itemId)).toEqual(["item-2"]);
      expect(await promote("item-1")).toMatchObject(refused("name-taken", "that of item item-2"));
    });

    test("the machine that a failback leaves keeps its name, which is free again after its removal", async () => {
      await load(twins);
      await failOver("item-1");
      expect((await reprotect("item-1")).state).toBe("done");
      expect(await promote("item-2")).toMatchObject(refused("name-taken", "item-1"));
      await failOver("item-1");
      await done("item-1", "delete-recovery-points", {});
      expect(await promote("item-2")).toMatchObject(refused("name-taken", "item-1"));
      await done("item-1", "remove-old-machine", {});
      expect(await takenAt("away")).toEqual([]);
      expect((await promote("item-2")).state).toBe("done");
    });

    test("the address at home stays taken until the commit; a failback is told who has taken it since", async () => {
      await harness.load(crossing());
      await failOver("db");
      expect(await promote("app")).toMatchObject(
        refused("address-taken", "10.1.0.11 in vnet-home at home is in use by item db"),
      );
      expect((await reprotect("db")).state).toBe("done");
      await failOver("app");
      expect(await promote("db")).toMatchObject(refused("address-taken", "is in use by item app"));
      await cancel("app");
      await failOver("db");
      expect((await takenAt("home")).find(({ itemId }) => itemId === "db")?.addresses).toHaveLength(1);
      expect(await promote("app")).toMatchObject(refused("address-taken", "is in use by item db"));
    });

    test("memory of a host and space on a datastore at home are taken by machines that come home", async () => {
      await load((world) => {
        const [home] = world.sites;
        if (!home) throw new Error("incomplete");
        const host = { id: "esx", cpus: 32, memoryMb: 131_072, freeMemoryMb: 10_000 };
        const datastore = { id: "ssd", capacityGb: 900, freeGb: 500 };
        Object.assign(home, { hosts: [host], datastores: [datastore] });
        Object.assign(world, World.parse(world));
      });
      const created = { newMachine: true, hostId: "esx", datastoreId: "ssd" };
      await failOver("item-1");
      await failOver("item-2");
      expect((await reprotect("item-1", created)).state).toBe("done");
      expect(await reprotect("item-2", created)).toMatchObject(
        refused("capacity-exceeded", "needs 300 GB on datastore ssd at home, and 200 are free"),
      );
      const elsewhere = { ...created, datastoreId: undefined };
      expect((await run("item-2", "reverse-replication", { ...elsewhere, create: [] })).state).toBe("done");
      await failOver("item-1");
      expect(await promote("item-2")).toMatchObject(
        refused("capacity-exceeded", "needs 8192 MB on host esx at home, and 1808 are free"),
      );
    });
  });
}
