import { RecoveryError } from "../errors.js";
import type { EstateSnapshot, ItemSnapshot, SiteSnapshot } from "../items/snapshot.js";
import {
  datastoreMissing,
  masterTargetMissing,
  masterTargetSystem,
  noVmwareSite,
  processServerMissing,
} from "../prerequisites/checks-failback.js";
import type { CheckOptions } from "../prerequisites/prerequisite.js";
import { opposite, SCENARIO_TRAITS } from "../scenario-traits.js";
import type { Machine } from "../worlds/world.js";
import { datastoreIdOf, hostOf, needsNewMachine, type ReplicationPath } from "./reverse-path-selection.js";

/** How the replication of an item is reversed. */
export interface ReversePath {
  /** A new machine is created by a full copy. Otherwise the old copy receives only what changed (V2). */
  newMachine: boolean;
  hostId?: string | undefined;
  datastoreId?: string | undefined;
  /** The resources that the reprotect creates (A8). */
  create: string[];
}

/** What a path cannot work without, even if nobody checked the prerequisites. Each answers what is missing. */
const NEEDED_TO_RECOVERY = [processServerMissing];
const NEEDED_TO_PRIMARY = [
  noVmwareSite,
  processServerMissing,
  masterTargetMissing,
  masterTargetSystem,
  datastoreMissing,
];

/**
 * Plans how the replication of a committed item is reversed. `snapshot.source` is the copy that was failed over from
 * and receives the data; `snapshot.replica` is the copy that runs. Throws `no-replication-path` when the sites lack something.
 */
export function planReverseReplication(
  estate: EstateSnapshot,
  snapshot: ItemSnapshot,
  options: CheckOptions,
): ReversePath {
  const { item, machine, replica } = snapshot;
  const { failbackThrough, cacheStorage } = SCENARIO_TRAITS[item.scenario];
  if (failbackThrough === "replica") {
    // The old disks are the seed.
    return { newMachine: false, create: cacheStorage ? [`cache storage account at ${replica.siteId}`] : [] };
  }
  const path = replicationPathOf(estate, snapshot, options);
  for (const missing of path.direction === "recovery-to-primary" ? NEEDED_TO_PRIMARY : NEEDED_TO_RECOVERY) {
    const found = missing(path);
    if (found !== null) throw new RecoveryError("no-replication-path", found);
  }
  if (!needsNewMachine(path)) return { newMachine: false, create: [] };
  const create = machineResources(machine);
  return { newMachine: true, hostId: hostOf(path)?.id, datastoreId: datastoreIdOf(path), create };
}

/** A machine and its disks, by the names that a reprotect gives them. */
export const machineResources = ({ name, disks }: Machine): string[] => [
  `machine ${name}`,
  ...disks.map((disk) => `disk ${disk.name}`),
];

/** The path that a reprotect of an item would set up, from where it runs to where it came from. */
export function replicationPathOf(
  estate: EstateSnapshot,
  snapshot: ItemSnapshot,
  options: CheckOptions,
): ReplicationPath {
  const [from, to] = [snapshot.replica.siteId, snapshot.source.siteId];
  return {
    direction: opposite(snapshot.direction),
    source: siteOf(estate, from),
    target: siteOf(estate, to),
    links: estate.links.filter(({ between }) => between.includes(from) && between.includes(to)),
    snapshot,
    options,
  };
}

function siteOf(estate: EstateSnapshot, siteId: string): SiteSnapshot {
  const site = estate.sites.find((candidate) => candidate.site.id === siteId);
  if (site === undefined) throw new Error(`the snapshot lacks site ${siteId}`);
  return site;
}
