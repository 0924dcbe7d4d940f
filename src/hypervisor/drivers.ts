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
 *     drivers, the kinds of sites and the owners of items are kept for a while, and an operation on one copy costs one
 *     read of its item ("lookups are cached…").
 * I6. A world that is removed and imported with other kinds of sites gets the drivers of these: a driver that does not
 *     know a site or item any more is looked up anew at once, any other after a minute ("a world that comes back…").
 */
import type { Clock } from "../domain/clock.js";
import { type ErrorCode, hasCode, RecoveryError } from "../domain/errors.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import type { SiteKind } from "../domain/vocabulary.js";
import { ITEM_OPERATIONS } from "../steps/catalogue.js";
import type { Hypervisor, Leftovers } from "./port.js";

export function hypervisorOf(drivers: Readonly<Record<SiteKind, Hypervisor>>, clock: Clock): Hypervisor {
  const all = [...new Set(Object.values(drivers))];
  const [first, second] = all;
  if (first !== undefined && second === undefined) return first;
  const lookups = createLookups(drivers, all, clock);
  return lookingUpAnew(dispatching(lookups, all), lookups);
}

function dispatching(lookups: Lookups, all: readonly Hypervisor[]): Hypervisor {
  const { driverOfSite, ownerOf, describeItem } = lookups;

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

type Lookups = ReturnType<typeof createLookups>;

/** So long a lookup is kept. */
const KEPT_MS = 60_000;

/** Finds drivers by asking each one, since calls do not say the kind of a site or the sites of an item. */
function createLookups(drivers: Readonly<Record<SiteKind, Hypervisor>>, all: readonly Hypervisor[], clock: Clock) {
  type Kept = Map<string, { driver: Hypervisor; untilMs: number }>;
  const worlds = new Map<string, { sites: Kept; owners: Kept }>();

  const keptOf = (worldId: string) => {
    const kept = worlds.get(worldId) ?? { sites: new Map(), owners: new Map() };
    worlds.set(worldId, kept);
    return kept;
  };
  const known = (kept: Kept, id: string): Hypervisor | undefined => {
    const found = kept.get(id);
    return found !== undefined && clock.now() < found.untilMs ? found.driver : undefined;
  };
  const keep = (kept: Kept, id: string, driver: Hypervisor): Hypervisor => {
    kept.set(id, { driver, untilMs: clock.now() + KEPT_MS });
    return driver;
  };

  const driverOfSite = async (worldId: string, siteId: string): Promise<Hypervisor> => {
    const { sites } = keptOf(worldId);
    const driver = known(sites, siteId);
    if (driver !== undefined) return driver;
    const { site } = await firstAnswer(all, (one) => one.describeSite(worldId, siteId));
    return keep(sites, siteId, drivers[site.kind]);
  };

  const describeBy = async (
    candidates: readonly Hypervisor[],
    worldId: string,
    itemId: string,
  ): Promise<ItemSnapshot> => {
    const [snapshot] = await firstAnswer(candidates, (driver) => driver.describeItems(worldId, [itemId]));
    if (snapshot === undefined) throw new RecoveryError("item-not-found", `world ${worldId} has no item ${itemId}`);
    return snapshot;
  };

  const ownerOf = async (worldId: string, itemId: string): Promise<Hypervisor> => {
    const { owners } = keptOf(worldId);
    const owner = known(owners, itemId);
    if (owner !== undefined) return owner;
    const { item } = await describeBy(all, worldId, itemId);
    return keep(owners, itemId, await driverOfSite(worldId, item.targetSiteId));
  };

  /** The snapshot of the owner, which knows the sites of both copies. */
  const describeItem = async (worldId: string, itemId: string): Promise<ItemSnapshot> =>
    describeBy([await ownerOf(worldId, itemId)], worldId, itemId);

  /** Forgets the lookups of a world. Returns whether there were any. */
  const forget = (worldId: string): boolean => worlds.delete(worldId);

  return { driverOfSite, ownerOf, describeItem, forget };
}

/** Repeats a call on what its driver does not know, with lookups made anew: the world may have been imported again. */
function lookingUpAnew(hypervisor: Hypervisor, { forget }: Lookups): Hypervisor {
  const anew = async <T>(worldId: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (thrown) {
      if (!isUnknown(thrown) || !forget(worldId)) throw thrown;
      return call();
    }
  };
  return {
    describeItems: (worldId, ...rest) => anew(worldId, () => hypervisor.describeItems(worldId, ...rest)),
    describeSite: (worldId, ...rest) => anew(worldId, () => hypervisor.describeSite(worldId, ...rest)),
    describeEstate: (worldId, ...rest) => anew(worldId, () => hypervisor.describeEstate(worldId, ...rest)),
    recoveryPoints: (worldId, ...rest) => anew(worldId, () => hypervisor.recoveryPoints(worldId, ...rest)),
    observe: (worldId, ...rest) => anew(worldId, () => hypervisor.observe(worldId, ...rest)),
    replaceTarget: (worldId, ...rest) => anew(worldId, () => hypervisor.replaceTarget(worldId, ...rest)),
    leftovers: (worldId, ...rest) => anew(worldId, () => hypervisor.leftovers(worldId, ...rest)),
    runOnItem: (task) => anew(task.worldId, () => hypervisor.runOnItem(task)),
    abandonTask: (worldId, ...rest) => anew(worldId, () => hypervisor.abandonTask(worldId, ...rest)),
    runOnSite: (task) => anew(task.worldId, () => hypervisor.runOnSite(task)),
  };
}

const UNKNOWN: readonly ErrorCode[] = ["not-found", "item-not-found", "world-not-found"];

const isUnknown = (thrown: unknown): boolean => UNKNOWN.some((code) => hasCode(thrown, code));

/** The answer of the first driver that knows the site or item, or the refusal of the last one. */
async function firstAnswer<T>(drivers: readonly Hypervisor[], ask: (driver: Hypervisor) => Promise<T>): Promise<T> {
  let refusal: unknown;
  for (const driver of drivers) {
    try {
      return await ask(driver);
    } catch (error) {
      if (!isUnknown(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}
