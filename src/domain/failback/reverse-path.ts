import { RecoveryError } from "../errors.js";
import type { EstateSnapshot, ItemSnapshot, SiteSnapshot } from "../items/snapshot.js";
import {
  datastoreMissing,
  masterTargetMissing,
  masterTargetSystem,
  noVmwareSite,
  processServerMissing,
} from "../prerequisites/checks-failback.js";
import type { AskedOptions } from "../prerequisites/prerequisite.js";
import { opposite, SCENARIO_TRAITS } from "../scenario-traits.js";
import type { Machine } from "../worlds/world.js";
import { datastoreIdOf, hostOf, isMadeAnew, type WaySought } from "./reverse-path-selection.js";

/** How replication of an item turns round. */
export interface Way {
  /** The machine is made anew, by a full copy; otherwise the old copy takes what changed (V2). */
  anew: boolean;
  hostId?: string | undefined;
  datastoreId?: string | undefined;
  /** Resources marked new (A8): what the reprotect creates. */
  create: string[];
}

/** What a way must have, whoever forgot to ask for its prerequisites; each answers what is missing. */
const NEEDED_FROM_HOME = [processServerMissing];
const NEEDED_TO_HOME = [noVmwareSite, processServerMissing, masterTargetMissing, masterTargetSystem, datastoreMissing];

/**
 * How replication of a committed item turns round. `snapshot.source` is the copy that was failed over from and takes
 * the data, `snapshot.replica` the one that runs. Throws `no-way-home` when the sites lack what it needs.
 */
export function wayBackOf(estate: EstateSnapshot, snapshot: ItemSnapshot, options: AskedOptions): Way {
  const { item, machine, replica } = snapshot;
  if (SCENARIO_TRAITS[item.scenario].comesHomeThrough === "replica") {
    // Between twins the old disks are the seed; in Azure a storage account keeps what is on its way (A8).
    const caches = item.scenario === "azure-to-azure" ? [`cache storage account at ${replica.siteId}`] : [];
    return { anew: false, create: caches };
  }
  const sought = soughtOf(estate, snapshot, options);
  for (const missing of sought.way === "recovery-to-primary" ? NEEDED_TO_HOME : NEEDED_FROM_HOME) {
    const found = missing(sought);
    if (found !== null) throw new RecoveryError("no-way-home", found);
  }
  if (!isMadeAnew(sought)) return { anew: false, create: [] };
  const create = machineResources(machine);
  return { anew: true, hostId: hostOf(sought)?.id, datastoreId: datastoreIdOf(sought), create };
}

/** A machine and its disks, by the names that a reprotect gives them. */
export const machineResources = ({ name, disks }: Machine): string[] => [
  `machine ${name}`,
  ...disks.map((disk) => `disk ${disk.name}`),
];

function soughtOf(estate: EstateSnapshot, snapshot: ItemSnapshot, options: AskedOptions): WaySought {
  const [from, to] = [snapshot.replica.siteId, snapshot.source.siteId];
  return {
    way: opposite(snapshot.direction),
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
