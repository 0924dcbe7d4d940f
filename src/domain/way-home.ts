import { RecoveryError } from "./errors.js";
import type { ReprotectOptions } from "./reprotect-options.js";
import { comesHomeAnew, SCENARIO_TRAITS } from "./scenario-traits.js";
import type { EstateSnapshot, ItemSnapshot, SiteSnapshot } from "./snapshot.js";
import type { MasterTarget } from "./topology.js";
import type { Site } from "./world.js";

/** How replication of an item turns round: what takes part in it, and what is made for it. */
export interface Way {
  /** The machine is made anew, by a full copy; otherwise the old copy takes what changed (V2). */
  anew: boolean;
  hostId?: string | undefined;
  datastoreId?: string | undefined;
  processServerId: string | null;
  masterTargetId: string | null;
  /** Resources marked new (A8): what the reprotect creates. */
  create: string[];
}

const noWay = (message: string): RecoveryError => new RecoveryError("no-way-home", message);

function siteOf(estate: EstateSnapshot, siteId: string): SiteSnapshot {
  const site = estate.sites.find((candidate) => candidate.site.id === siteId);
  if (site === undefined) throw new Error(`the snapshot lacks site ${siteId}`);
  return site;
}

/** The process server of the way: the one named, or the first of a site that may serve it (P9, P14). */
function processServerOf(estate: EstateSnapshot, from: Site, to: Site, asked: string | undefined): string {
  const byExpressRoute = estate.links.some(
    ({ kind, between, connected }) =>
      kind === "expressroute" && connected && between.includes(from.id) && between.includes(to.id),
  );
  const servers = [...from.processServers, ...(byExpressRoute ? to.processServers : [])];
  const found = asked === undefined ? servers[0] : servers.find(({ id }) => id === asked);
  if (found !== undefined) return found.id;
  throw noWay(
    asked === undefined
      ? `there is no process server at ${from.id}; one at ${to.id} serves over ExpressRoute alone`
      : `there is no process server ${asked} for the way from ${from.id} to ${to.id}`,
  );
}

function masterTargetOf({ machine }: ItemSnapshot, home: Site, asked: string | undefined): MasterTarget {
  if (home.vCenter === undefined && home.hosts.length === 0) {
    throw noWay(`${machine.name} comes home only as a VMware machine, and ${home.id} has no VMware infrastructure`);
  }
  const fitting = home.masterTargets.filter(({ osFamily }) => osFamily === machine.osFamily);
  const found = asked === undefined ? fitting[0] : fitting.find(({ id }) => id === asked);
  if (found !== undefined) return found;
  const which = asked === undefined ? "no master target" : `no master target ${asked}`;
  throw noWay(`${home.id} has ${which} for ${machine.osFamily} machines`);
}

/** By a VMware master target. The datastore must be given when the disks are made, and is ignored when they exist (P11). */
function throughMasterTarget(
  snapshot: ItemSnapshot,
  home: Site,
  options: ReprotectOptions,
): Omit<Way, "processServerId"> {
  const { item, machine } = snapshot;
  const target = masterTargetOf(snapshot, home, options.masterTargetId);
  const host = home.hosts.find(({ id }) => id === machine.hostId);
  const anew = comesHomeAnew(item.scenario, machine, host?.managed ?? true, options.location);
  if (!anew) return { anew, masterTargetId: target.id, create: [] };
  if (options.datastoreId === undefined) {
    throw noWay(`${machine.name} is made anew at ${home.id}, so a datastore must be given`);
  }
  const create = [`machine ${machine.name}`, ...machine.disks.map(({ name }) => `disk ${name}`)];
  return { anew, hostId: target.hostId, datastoreId: options.datastoreId, masterTargetId: target.id, create };
}

/**
 * How replication of a committed item turns round. `snapshot.source` is the copy that was failed over from and takes
 * the data, `snapshot.replica` the one that runs. Throws `no-way-home` when the sites lack what it needs.
 */
export function wayBackOf(estate: EstateSnapshot, snapshot: ItemSnapshot, options: ReprotectOptions): Way {
  const from = siteOf(estate, snapshot.replica.siteId).site;
  const to = siteOf(estate, snapshot.source.siteId).site;
  const { comesHomeThrough } = SCENARIO_TRAITS[snapshot.item.scenario];
  if (comesHomeThrough === "replica") return { ...throughReplica(snapshot), processServerId: null };
  const processServerId = processServerOf(estate, from, to, options.processServerId);
  if (snapshot.direction === "recovery-to-primary") {
    return { anew: false, processServerId, masterTargetId: null, create: [] };
  }
  return { ...throughMasterTarget(snapshot, to, options), processServerId };
}

/** Between twins the old disks are the seed; in Azure a storage account keeps what is on its way (A8). */
function throughReplica({ item, replica }: ItemSnapshot): Omit<Way, "processServerId"> {
  const caches = item.scenario === "azure-to-azure" ? [`cache storage account at ${replica.siteId}`] : [];
  return { anew: false, masterTargetId: null, create: caches };
}
