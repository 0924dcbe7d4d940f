import { beforeEach, expect, test } from "vitest";
import { RecoveryError } from "../../../src/domain/errors.js";
import type { SiteKind } from "../../../src/domain/vocabulary.js";
import { hypervisorOf } from "../../../src/hypervisor/drivers.js";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import type {
  EmulatedEstate,
  Hypervisor,
  ItemOperation,
  ItemOperations,
  TaskReply,
} from "../../../src/hypervisor/port.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { ManualClock, smallWorld } from "../../support/worlds.js";

let clock: ManualClock;
let emulator: Hypervisor & EmulatedEstate;
let hypervisor: Hypervisor;
/** The calls that the drivers got, as `driver method subject`. */
let calls: string[];

/** A driver that records its calls. It knows one site, and the items that are its own. */
function recordingDriver(name: string, ownSite: string, itemIds: readonly string[]): Hypervisor {
  const record = (method: string, subject: string) => void calls.push(`${name} ${method} ${subject}`);
  return {
    describeItems: async (worldId, ids) => {
      record("describeItems", ids.join(","));
      const unknown = ids.find((id) => !itemIds.includes(id));
      if (unknown !== undefined) throw new RecoveryError("item-not-found", unknown);
      return emulator.describeItems(worldId, ids);
    },
    describeSite: async (worldId, siteId) => {
      record("describeSite", siteId);
      if (siteId !== ownSite) throw new RecoveryError("not-found", siteId);
      return emulator.describeSite(worldId, siteId);
    },
    describeEstate: async (worldId, ids) => {
      record("describeEstate", ids.join(","));
      return emulator.describeEstate(worldId, ids);
    },
    recoveryPoints: async (worldId, itemId) => {
      record("recoveryPoints", itemId);
      return emulator.recoveryPoints(worldId, itemId);
    },
    observe: async (worldId, itemId, copy) => {
      record("observe", itemId);
      return emulator.observe(worldId, itemId, copy);
    },
    replaceTarget: async (worldId, itemId, seen, target) => {
      record("replaceTarget", itemId);
      return emulator.replaceTarget(worldId, itemId, seen, target);
    },
    leftovers: async (_, ids) => {
      record("leftovers", ids.join(","));
      return {
        testCopies: [],
        testNetworks: [{ siteId: ownSite, networkId: name, executionId: "run", itemIds: [...ids] }],
      };
    },
    runOnItem: async (task) => {
      record("runOnItem", task.operation);
      return emulator.runOnItem(task);
    },
    abandonTask: async (_, __, key) => record("abandonTask", key),
    runOnSite: async (task) => {
      record("runOnSite", task.operation);
      return emulator.runOnSite(task);
    },
  };
}

beforeEach(async () => {
  calls = [];
  clock = new ManualClock();
  emulator = createEmulator({
    tables: createMemoryTables(),
    clock,
    speed: 1,
    durations: "zero",
  });
  const world = smallWorld(3);
  // item-3 replicates from Azure to the vCenter, so each driver owns items.
  for (const item of world.items.slice(2)) Object.assign(item, { sourceSiteId: "away", targetSiteId: "home" });
  await emulator.loadWorld(world);
  const vcenter = recordingDriver("vcenter", "home", ["item-3"]);
  const azure = recordingDriver("azure", "away", ["item-1", "item-2"]);
  hypervisor = hypervisorOf({ vcenter, "vmm-cloud": azure, "azure-region": azure }, clock);
});

function run<O extends ItemOperation>(
  operation: O,
  params: ItemOperations[O]["params"],
  key: string = operation,
): Promise<TaskReply<ItemOperations[O]["result"]>> {
  return hypervisor.runOnItem({
    worldId: "small",
    executionId: "run",
    key,
    itemId: "item-1",
    operation,
    params,
  });
}

const sent = (method: string): string[] => calls.filter((call) => call.includes(` ${method} `));

async function failOver(): Promise<void> {
  await run("shut-down-source", {});
  const synchronised = await run("final-synchronise", {});
  if (synchronised.state !== "done") throw new Error("not synchronised");
  await run("promote-replica", { pointId: synchronised.result.point.id, epoch: 1 });
  await run("start-replica", { epoch: 1 });
  await run("delete-recovery-points", {});
}

test("one driver for every kind is returned as it is", () => {
  expect(hypervisorOf({ vcenter: emulator, "vmm-cloud": emulator, "azure-region": emulator }, clock)).toBe(emulator);
});

test("a call on a site goes to the driver of its kind", async () => {
  const site = { worldId: "small", executionId: "run", siteId: "away", params: {} };
  await hypervisor.runOnSite({ ...site, key: "network", operation: "create-test-network" });
  expect((await hypervisor.describeSite("small", "home")).site.kind).toBe("vcenter");
  expect(sent("runOnSite")).toEqual(["azure runOnSite create-test-network"]);
  await expect(hypervisor.describeSite("small", "nowhere")).rejects.toMatchObject({ code: "not-found" });
});

test("an operation goes to the site of its copy, or to the recovery site", async () => {
  await failOver();
  expect(sent("runOnItem")).toEqual([
    "vcenter runOnItem shut-down-source",
    "azure runOnItem final-synchronise",
    "azure runOnItem promote-replica",
    "azure runOnItem start-replica",
    "azure runOnItem delete-recovery-points",
  ]);
});

test("a reversal is polled at the driver that began it, and then the copies are at the other sites", async () => {
  await failOver();
  clock.pass(15 * 60); // until the agent has registered
  calls.length = 0;
  await run("reverse-replication", { newMachine: false, create: [] });
  await run("reverse-replication", { newMachine: false, create: [] });
  await run("shut-down-source", {}, "failback");
  expect(sent("runOnItem")).toEqual([
    "azure runOnItem reverse-replication",
    "azure runOnItem reverse-replication",
    "azure runOnItem shut-down-source",
  ]);
});

test("items are described by their owners in the requested order, with all sites and links", async () => {
  const { items, sites, links } = await hypervisor.describeEstate("small", ["item-3", "item-1", "item-2"]);
  expect(items.map(({ item }) => item.id)).toEqual(["item-3", "item-1", "item-2"]);
  expect(sites.map(({ site }) => site.id).sort()).toEqual(["away", "home"]);
  expect(links.map(({ id }) => id)).toEqual(["vpn"]);
  expect(calls).toContain("azure describeItems item-1,item-2");
  await expect(hypervisor.describeItems("small", ["nobody"])).rejects.toMatchObject({ code: "item-not-found" });
});

test("other calls on an item go to its owner, to its replica or to both copies", async () => {
  await hypervisor.recoveryPoints("small", "item-3");
  const [snapshot] = await hypervisor.describeItems("small", ["item-1"]);
  if (snapshot === undefined) throw new Error("no item");
  await hypervisor.replaceTarget("small", "item-1", snapshot.item.target, snapshot.item.target);
  await hypervisor.observe("small", "item-1", { kind: "replica" });
  await hypervisor.abandonTask("small", "item-1", "key");
  const { testNetworks } = await hypervisor.leftovers("small", ["item-1", "item-3"], null);
  expect(sent("recoveryPoints")).toEqual(["vcenter recoveryPoints item-3"]);
  expect(sent("replaceTarget")).toEqual(["azure replaceTarget item-1"]);
  expect(sent("observe")).toEqual(["azure observe item-1"]);
  expect(sent("abandonTask").sort()).toEqual(["azure abandonTask key", "vcenter abandonTask key"]);
  expect(testNetworks.map(({ siteId }) => siteId).sort()).toEqual(["away", "home"]);
});

test("lookups are cached: later an operation on one copy costs one read of its item, and any other none", async () => {
  await run("stop-replication", {});
  await run("shut-down-source", {});
  calls.length = 0;
  await run("stop-replication", {});
  expect(calls).toEqual(["azure runOnItem stop-replication"]);
  calls.length = 0;
  await run("shut-down-source", {});
  expect(calls).toEqual(["azure describeItems item-1", "vcenter runOnItem shut-down-source"]);
});

test("a fault while a driver is looked up is not taken for an unknown site", async () => {
  const down = { ...emulator, describeSite: () => Promise.reject(new RecoveryError("site-unreachable", "away")) };
  const broken = hypervisorOf({ vcenter: down, "vmm-cloud": emulator, "azure-region": emulator }, clock);
  await expect(broken.describeSite("small", "away")).rejects.toMatchObject({ code: "site-unreachable" });
});

/** A world whose item is at a site that may become another kind. */
function worldThatComesBack() {
  const now: { kind: SiteKind; others: "unknown" | "known" } = { kind: "vcenter", others: "unknown" };
  const driver = (name: SiteKind): Hypervisor => {
    const answered = async <T>(answer: Promise<T>): Promise<T> => {
      if (now.others === "unknown" && name !== now.kind) throw new RecoveryError("item-not-found", "item-1");
      return answer;
    };
    return {
      ...recordingDriver(name, "away", ["item-1"]),
      describeItems: () => answered(emulator.describeItems("small", ["item-1"])),
      describeSite: async () => {
        const described = await answered(emulator.describeSite("small", "away"));
        return { ...described, site: { ...described.site, kind: now.kind } };
      },
      recoveryPoints: async () => {
        const points = await answered(emulator.recoveryPoints("small", "item-1"));
        calls.push(`${name} recoveryPoints`);
        return points;
      },
    };
  };
  const [vcenter, azure] = [driver("vcenter"), driver("azure-region")];
  return { now, hypervisor: hypervisorOf({ vcenter, "vmm-cloud": azure, "azure-region": azure }, clock) };
}

test("a world that comes back with other kinds of sites gets their drivers: at once where its driver knows it no more", async () => {
  const { now, hypervisor: its } = worldThatComesBack();
  await its.recoveryPoints("small", "item-1");
  now.kind = "azure-region";
  await its.recoveryPoints("small", "item-1");
  expect(calls).toEqual(["vcenter recoveryPoints", "azure-region recoveryPoints"]);
});

test("a world that comes back with other kinds of sites gets their drivers: after a minute where its driver knows it still", async () => {
  const { now, hypervisor: its } = worldThatComesBack();
  now.others = "known";
  await its.recoveryPoints("small", "item-1");
  now.kind = "azure-region";
  clock.pass(60);
  await its.recoveryPoints("small", "item-1");
  expect(calls).toEqual(["vcenter recoveryPoints", "azure-region recoveryPoints"]);
});

test("two worlds with the same ids have drivers of their own", async () => {
  const kinds: Record<string, SiteKind> = { one: "vcenter", two: "azure-region" };
  const driver = (name: SiteKind): Hypervisor => ({
    ...recordingDriver(name, "away", ["item-1"]),
    describeItems: () => emulator.describeItems("small", ["item-1"]),
    describeSite: async (worldId) => {
      const described = await emulator.describeSite("small", "away");
      return { ...described, site: { ...described.site, kind: kinds[worldId] ?? "vmm-cloud" } };
    },
    recoveryPoints: (_, itemId) => {
      calls.push(`${name} recoveryPoints`);
      return emulator.recoveryPoints("small", itemId);
    },
  });
  const [vcenter, azure] = [driver("vcenter"), driver("azure-region")];
  const both = hypervisorOf({ vcenter, "vmm-cloud": azure, "azure-region": azure }, clock);
  for (const worldId of ["one", "two", "one"]) await both.recoveryPoints(worldId, "item-1");
  expect(calls).toEqual(["vcenter recoveryPoints", "azure-region recoveryPoints", "vcenter recoveryPoints"]);
});
