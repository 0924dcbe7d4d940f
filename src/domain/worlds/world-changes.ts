/**
 * What an import over an existing world would change. Pure. Shown in worlds.test.ts:
 *
 * C1. The order of entries makes no difference ("of the same content has no effect, in whatever order…").
 * C2. A merge removes nothing: what the file lacks is kept and named ("a merge adds and describes anew…").
 * C3. A merge changes nothing under an item that is not at rest at home ("a merge is refused…").
 */
import type { ItemRecord } from "../items/item-record.js";
import { isSame } from "./three-way.js";
import type { NetworkMapping, ProtectedItem, Site, World } from "./world.js";

const mappingKey = ({ fromSiteId, fromNetworkId, toSiteId }: NetworkMapping): string =>
  `${fromSiteId}/${fromNetworkId}/${toSiteId}`;

const KINDS = ["sites", "links", "policies", "replicationGroups", "machines", "items"] as const;
type Kind = (typeof KINDS)[number];
const SINGULAR: Readonly<Record<Kind, string>> = {
  sites: "site",
  links: "link",
  policies: "policy",
  replicationGroups: "replication group",
  machines: "machine",
  items: "item",
};

type Entry = { id: string };

/** One entry of a world that differs, such as `machine web-01`. */
export interface EntryChange {
  kind: Kind;
  id: string;
  /** The fields that differ; all of them for one that is added or kept. */
  fields: string[];
}

export interface WorldChanges {
  /** In the file and not in the world. */
  added: EntryChange[];
  changed: EntryChange[];
  /** In the world and not in the file. A merge keeps them. */
  kept: EntryChange[];
  /** The name, the seed or the network mappings differ. */
  isHeadChanged: boolean;
  /** The items that are added or described anew by themselves, their machine or their policy. */
  touchedItemIds: string[];
  /** The world after a merge. */
  merged: World;
}

export const entryName = ({ kind, id }: Pick<EntryChange, "kind" | "id">): string => `${SINGULAR[kind]} ${id}`;

const entriesOf = (world: World, kind: Kind): Map<string, Entry> =>
  new Map((world[kind] as readonly Entry[]).map((entry) => [entry.id, entry]));

function differingFields(one: object, other: object): string[] {
  const [before, after] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => !isSame(before.get(name), after.get(name)));
}

/** @param base the world as it was imported, with the items that it still has */
export function worldChanges(base: World, file: World): WorldChanges {
  const changes: Pick<WorldChanges, "added" | "changed" | "kept"> = { added: [], changed: [], kept: [] };
  for (const kind of KINDS) {
    const [before, after] = [entriesOf(base, kind), entriesOf(file, kind)];
    for (const [id, entry] of after) {
      const known = before.get(id);
      if (known === undefined) changes.added.push({ kind, id, fields: [] });
      else if (!isSame(known, entry)) changes.changed.push({ kind, id, fields: differingFields(known, entry) });
    }
    for (const id of before.keys()) if (!after.has(id)) changes.kept.push({ kind, id, fields: [] });
  }
  return {
    ...changes,
    isHeadChanged: base.name !== file.name || base.seed !== file.seed || haveMappingsChanged(base, file),
    touchedItemIds: touchedItems(file, changes),
    merged: mergedWorld(base, file),
  };
}

/** Whether the file says the same as the world. */
export const isUnchanged = ({ added, changed, kept, isHeadChanged }: WorldChanges): boolean =>
  added.length + changed.length + kept.length === 0 && !isHeadChanged;

function haveMappingsChanged(base: World, file: World): boolean {
  const sorted = ({ networkMappings }: World) => new Map(networkMappings.map((one) => [mappingKey(one), one]));
  const [before, after] = [sorted(base), sorted(file)];
  return before.size !== after.size || [...after].some(([key, mapping]) => !isSame(before.get(key), mapping));
}

function touchedItems(file: World, { added, changed }: Pick<WorldChanges, "added" | "changed">): string[] {
  const anew = new Set([...added, ...changed].map(({ kind, id }) => `${kind}/${id}`));
  return file.items
    .filter(
      ({ id, machineId, policyId }) =>
        anew.has(`items/${id}`) || anew.has(`machines/${machineId}`) || anew.has(`policies/${policyId}`),
    )
    .map(({ id }) => id);
}

function mergedWorld(base: World, file: World): World {
  const union = <T extends Entry>(before: readonly T[], after: readonly T[]): T[] => {
    const ids = new Set(after.map(({ id }) => id));
    return [...after, ...before.filter(({ id }) => !ids.has(id))];
  };
  const keys = new Set(file.networkMappings.map(mappingKey));
  return {
    ...file,
    sites: union(base.sites, file.sites),
    links: union(base.links, file.links),
    policies: union(base.policies, file.policies),
    replicationGroups: union(base.replicationGroups, file.replicationGroups),
    machines: union(base.machines, file.machines),
    items: union(base.items, file.items),
    networkMappings: [...file.networkMappings, ...base.networkMappings.filter((one) => !keys.has(mappingKey(one)))],
  };
}

/** Whether nothing is under way with an item and its workload runs at home. */
export const isAtHome = (record: Pick<ItemRecord, "state" | "direction" | "heldBy">): boolean =>
  record.heldBy === null &&
  record.direction === "primary-to-recovery" &&
  (record.state === "protected" || record.state === "unprotected");

/** An item with another machine, scenario or site would be another item. */
const IDENTITY = ["machineId", "scenario", "sourceSiteId", "targetSiteId"] as const satisfies (keyof ProtectedItem)[];

/** Why a merge may not be done, as sentences; empty if it may. */
export function mergeProblems(
  base: World,
  { changed, touchedItemIds, merged }: WorldChanges,
  records: ReadonlyMap<string, ItemRecord>,
): string[] {
  const before = new Map(base.items.map((item) => [item.id, item]));
  const identity = merged.items.flatMap((item) => {
    const known = before.get(item.id);
    const fields = IDENTITY.filter((field) => known !== undefined && known[field] !== item[field]);
    return fields.length === 0
      ? []
      : [`item ${item.id} would become another one (${fields.join(", ")}); remove it first`];
  });
  const moved = touchedItemIds.flatMap((id) => {
    const record = records.get(id);
    return record === undefined || isAtHome(record)
      ? []
      : [`the description of item ${id} changes, and it ${whereOf(record)}`];
  });
  return [...identity, ...moved, ...machineProblems(base, merged, changed), ...siteProblems(base, merged, records)];
}

const whereOf = ({ state, heldBy, activeSiteId }: ItemRecord): string =>
  heldBy === null
    ? `is ${state} and runs at ${activeSiteId}`
    : `is held by execution ${heldBy.executionId} (${heldBy.verb})`;

function machineProblems(base: World, merged: World, changed: readonly EntryChange[]): string[] {
  const moved = changed.filter(({ kind, fields }) => kind === "machines" && fields.includes("siteId"));
  const used = new Set(base.items.map(({ machineId }) => machineId));
  return moved
    .flatMap(({ id }) => (used.has(id) ? [`machine ${id} would move to another site; remove its item first`] : []))
    .concat(merged.machines.length > 5_000 ? ["the world would have more than 5,000 machines"] : []);
}

/** A site in use by an item that is away from home may get more, but nothing of it may go. */
function siteProblems(base: World, merged: World, records: ReadonlyMap<string, ItemRecord>): string[] {
  const before = new Map(base.sites.map((site) => [site.id, site]));
  const used = (siteId: string, isHome: boolean) =>
    base.items.some(({ id, sourceSiteId, targetSiteId }) => {
      const record = records.get(id);
      const isAway = record !== undefined && !isAtHome(record);
      return (sourceSiteId === siteId || targetSiteId === siteId) && (isHome || isAway);
    });
  return merged.sites.flatMap((site) => {
    const known = before.get(site.id);
    if (known === undefined || isSame(known, site)) return [];
    const kind = known.kind !== site.kind && used(site.id, true) ? [`site ${site.id} would become a ${site.kind}`] : [];
    const gone = used(site.id, false) ? goneFrom(known, site) : [];
    return [...kind, ...gone.map((what) => `site ${site.id} would lose its ${what}, and an item is away from home`)];
  });
}

function goneFrom(known: Site, site: Site): string[] {
  const namesOf = ({ hosts, datastores, networks, resourceGroups, availabilitySets, sizes, masterTargets }: Site) => [
    ...hosts.map(({ id }) => `host ${id}`),
    ...datastores.map(({ id }) => `datastore ${id}`),
    ...networks.flatMap(({ id, subnets }) => subnets.map(({ name }) => `network ${id} with subnet ${name}`)),
    ...resourceGroups.map((name) => `resource group ${name}`),
    ...availabilitySets.map((name) => `availability set ${name}`),
    ...sizes.map(({ name }) => `size ${name}`),
    ...masterTargets.map(({ id }) => `master target ${id}`),
  ];
  const left = new Set(namesOf(site));
  return namesOf(known).filter((what) => !left.has(what));
}
