/**
 * Sends each call to the driver of the kind of site that it concerns. Shown in drivers.test.ts:
 *
 * I1. A site belongs to the driver of its kind ("a call on a site goes to the driver of its kind").
 * I2. An item belongs to the driver of its recovery site, which holds its replication and recovery points. An operation
 *     on one copy goes to the driver of the site of that copy ("an operation goes to the site of its copy…").
 * I3. Polls of an operation reach the driver that began it. Only operations on the replication swap the copies, and
 *     the recovery site of an item never changes ("a reversal is polled at the driver that began it…").
 * I4. A call for many items is split by driver and answered in the requested order ("items are described…").
 * I5. One driver for all kinds is returned as it is: no lookups, no reads ("one driver for every kind…"). With several
 *     drivers, the kinds of sites and the owners of items are looked up once, and an operation on one copy costs one
 *     read of its item ("lookups are cached…").
 */
import { type ErrorCode, hasCode, RecoveryError } from "../domain/errors.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import type { SiteKind } from "../domain/vocabulary.js";
import { ITEM_OPERATIONS } from "../steps/catalogue.js";
import type { Hypervisor, Leftovers } from "./port.js";

export function hypervisorOf(drivers: Readonly<Record<SiteKind, Hypervisor>>): Hypervisor {
  const all = [...new Set(Object.values(drivers))];
  const [first, second] = all;
  if (first !== undefined && second === undefined) return first;
  return dispatching(drivers, all);
}

function dispatching(drivers: Readonly<Record<SiteKind, Hypervisor>>, all: readonly Hypervisor[]): Hypervisor {
  const { driverOfSite, ownerOf, describeItem } = createLookups(drivers, all);

  const grouped = async (worldId: string, itemIds: readonly string[], driversOf: typeof driversOfCopies) => {
    const groups = new Map<Hypervisor, string[]>();
    for (const itemId of itemIds) {
      for (const driver of await driversOf(worldId, itemId)) {
        groups.set(driver, [...(groups.get(driver) ?? []), itemId]);
      }
    }
    return [...groups];
  };

  const driversOfCopies = async (worldId: string, itemId: string): Promise<Set<Hypervisor>> => {
    const { source, replica } = await describeItem(worldId, itemId);
    return new Set(await Promise.all([source, replica].map(({ siteId }) => driverOfSite(worldId, siteId))));
  };

  const driverOfCopy = async (worldId: string, itemId: string, copy: "source" | "replica"): Promise<Hypervisor> =>
    driverOfSite(worldId, (await describeItem(worldId, itemId))[copy].siteId);

  const describeItems: Hypervisor["describeItems"] = async (worldId, itemIds) => {
    const groups = await grouped(worldId, itemIds, async (_, itemId) => new Set([await ownerOf(worldId, itemId)]));
    const answers = await Promise.all(groups.map(([driver, ids]) => driver.describeItems(worldId, ids)));
    const found = new Map(answers.flat().map((snapshot) => [snapshot.item.id, snapshot]));
    return itemIds.flatMap((itemId) => found.get(itemId) ?? []);
  };

  const describeSite: Hypervisor["describeSite"] = async (worldId, siteId) =>
    (await driverOfSite(worldId, siteId)).describeSite(worldId, siteId);

  return {
    describeItems,
    describeSite,
    describeEstate: async (worldId, itemIds) => {
      const items = await describeItems(worldId, itemIds);
      const siteIds = new Set(items.flatMap(({ item }) => [item.sourceSiteId, item.targetSiteId]));
      const estates = await Promise.all(all.map((driver) => driver.describeEstate(worldId, [])));
      const links = new Map(estates.flatMap((estate) => estate.links.map((link) => [link.id, link])));
      const sites = await Promise.all([...siteIds].map((siteId) => describeSite(worldId, siteId)));
      return { items, sites, links: [...links.values()] };
    },
    recoveryPoints: async (worldId, itemId) => (await ownerOf(worldId, itemId)).recoveryPoints(worldId, itemId),
    observe: async (worldId, itemId, copy) =>
      (await driverOfCopy(worldId, itemId, "replica")).observe(worldId, itemId, copy),
    replaceTarget: async (worldId, itemId, seen, target) =>
      (await ownerOf(worldId, itemId)).replaceTarget(worldId, itemId, seen, target),
    leftovers: async (worldId, itemIds, executionId): Promise<Leftovers> => {
      const groups = await grouped(worldId, itemIds, driversOfCopies);
      const answers = await Promise.all(groups.map(([driver, ids]) => driver.leftovers(worldId, ids, executionId)));
      return {
        testCopies: answers.flatMap(({ testCopies }) => testCopies),
        testNetworks: answers.flatMap(({ testNetworks }) => testNetworks),
      };
    },
    runOnItem: async (task) => {
      const { worldId, itemId, operation } = task;
      const { runsAt } = ITEM_OPERATIONS[operation];
      const isOnCopy = runsAt === "source" || runsAt === "replica";
      const driver = await (isOnCopy ? driverOfCopy(worldId, itemId, runsAt) : ownerOf(worldId, itemId));
      return driver.runOnItem(task);
    },
    // The key does not say where its operation runs, and an unknown key is no error.
    abandonTask: async (worldId, itemId, key) => {
      const concerned = (await driversOfCopies(worldId, itemId)).add(await ownerOf(worldId, itemId));
      await Promise.all([...concerned].map((driver) => driver.abandonTask(worldId, itemId, key)));
    },
    runOnSite: async (task) => (await driverOfSite(task.worldId, task.siteId)).runOnSite(task),
  };
}

/**
 * Finds drivers by asking each one, since calls do not say the kind of a site or the sites of an item. The answers are
 * kept for the life of the process: a world that is imported again must keep the kinds of its sites.
 */
function createLookups(drivers: Readonly<Record<SiteKind, Hypervisor>>, all: readonly Hypervisor[]) {
  const siteDrivers = new Map<string, Hypervisor>();
  const owners = new Map<string, Hypervisor>();

  const driverOfSite = async (worldId: string, siteId: string): Promise<Hypervisor> => {
    const key = `${worldId}/${siteId}`;
    const known = siteDrivers.get(key);
    if (known !== undefined) return known;
    const { site } = await firstAnswer(all, (driver) => driver.describeSite(worldId, siteId));
    siteDrivers.set(key, drivers[site.kind]);
    return drivers[site.kind];
  };

  const describeItem = async (worldId: string, itemId: string): Promise<ItemSnapshot> => {
    const known = owners.get(`${worldId}/${itemId}`);
    const candidates = known === undefined ? all : [known];
    const [snapshot] = await firstAnswer(candidates, (driver) => driver.describeItems(worldId, [itemId]));
    if (snapshot === undefined) throw new RecoveryError("item-not-found", `world ${worldId} has no item ${itemId}`);
    return snapshot;
  };

  const ownerOf = async (worldId: string, itemId: string): Promise<Hypervisor> => {
    const key = `${worldId}/${itemId}`;
    const known = owners.get(key);
    if (known !== undefined) return known;
    const { item } = await describeItem(worldId, itemId);
    const owner = await driverOfSite(worldId, item.targetSiteId);
    owners.set(key, owner);
    return owner;
  };

  /** The snapshot of the owner, which knows the sites of both copies. */
  const describeByOwner = async (worldId: string, itemId: string): Promise<ItemSnapshot> => {
    await ownerOf(worldId, itemId);
    return describeItem(worldId, itemId);
  };

  return { driverOfSite, ownerOf, describeItem: describeByOwner };
}

const UNKNOWN: readonly ErrorCode[] = ["not-found", "item-not-found", "world-not-found"];

/** The answer of the first driver that knows the site or item, or the refusal of the last one. */
async function firstAnswer<T>(drivers: readonly Hypervisor[], ask: (driver: Hypervisor) => Promise<T>): Promise<T> {
  let refusal: unknown;
  for (const driver of drivers) {
    try {
      return await ask(driver);
    } catch (error) {
      if (!UNKNOWN.some((code) => hasCode(error, code))) throw error;
      refusal = error;
    }
  }
  throw refusal;
}
