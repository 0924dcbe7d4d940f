import type { CheckInput } from "../prerequisites/prerequisite.js";
import { SCENARIO_TRAITS } from "../scenario-traits.js";
import { type MasterTarget, PROCESS_SERVER_PORTS, type ProcessServer } from "../worlds/topology.js";
import type { Host } from "../worlds/world.js";

/** A path that the replication of an item may take: direction, sites, links, and the servers that the caller names. */
export type ReplicationPath = Pick<CheckInput, "direction" | "source" | "target" | "links" | "snapshot" | "options">;

/**
 * The process servers that can relay the data of the item, the best first: those of the site where it runs, then, for a
 * failback over ExpressRoute, those of the home site (P9).
 */
function processServersOf({ source, target, direction, links }: ReplicationPath): readonly ProcessServer[] {
  const near = source.site.processServers;
  const reachesFar =
    direction === "recovery-to-primary" && links.some(({ kind, connected }) => kind === "expressroute" && connected);
  return reachesFar ? [...near, ...target.site.processServers] : near;
}

/** The process server that the caller names; otherwise the first that can serve the machine; otherwise the first. */
export function processServerOf(path: ReplicationPath): ProcessServer | undefined {
  const { processServerId } = path.options;
  const servers = processServersOf(path);
  if (processServerId !== undefined) return servers.find(({ id }) => id === processServerId);
  const open = servers.filter((server) => closedPortsOf(server).length === 0);
  return open.find((server) => otherNetworkOf(server, path) === null) ?? open[0] ?? servers[0];
}

/** The network of a process server in Azure, when the machine that it should serve is in another one (V4). */
export function otherNetworkOf(server: ProcessServer, { direction, source, snapshot }: ReplicationPath): string | null {
  const { networkId } = snapshot.item.target;
  const isNear = direction === "recovery-to-primary" && source.site.processServers.includes(server);
  const differs = isNear && server.networkId !== undefined && networkId !== undefined && server.networkId !== networkId;
  return differs ? (server.networkId ?? null) : null;
}

export const closedPortsOf = ({ openPorts }: ProcessServer): number[] =>
  PROCESS_SERVER_PORTS.filter((port) => !openPorts.includes(port));

/** A configuration server has a process server of its own. It relays data from home when the caller names no other. */
export const usesBuiltInProcessServer = ({ direction, source, options }: ReplicationPath): boolean =>
  direction === "primary-to-recovery" &&
  options.processServerId === undefined &&
  source.site.configurationServer !== undefined;

/** The names that an option gives: none, one or several. */
export const namesOf = (option: string | readonly string[] | undefined): readonly string[] =>
  option === undefined ? [] : [option].flat();

/** The master targets that could write the disks of the machine: those that the caller names, or else all. */
const masterTargetsOf = ({ target, options }: ReplicationPath): MasterTarget[] => {
  const named = namesOf(options.masterTargetId);
  return target.site.masterTargets.filter(({ id }) => named.length === 0 || named.includes(id));
};

/** Of the master targets that the caller names, or else of all, the first of the machine's system; otherwise the first. */
export function masterTargetOf(path: ReplicationPath): MasterTarget | undefined {
  const candidates = masterTargetsOf(path);
  return candidates.find(({ osFamily }) => osFamily === path.snapshot.machine.osFamily) ?? candidates[0];
}

/** The master targets among which the caller has to choose: several of the machine's system. Empty if there is no choice. */
export function rivalMasterTargetsOf(path: ReplicationPath): string[] {
  const fitting = masterTargetsOf(path).filter(({ osFamily }) => osFamily === path.snapshot.machine.osFamily);
  return fitting.length < 2 ? [] : fitting.map(({ id }) => id);
}

/** Whether failback creates a new machine: at another location, for a physical server, or on an unmanaged host (V2, P10). */
export function needsNewMachine({
  direction,
  target,
  snapshot: { item, machine },
  options,
}: Pick<ReplicationPath, "direction" | "target" | "snapshot" | "options">): boolean {
  const { failbackThrough } = SCENARIO_TRAITS[item.scenario];
  if (direction === "primary-to-recovery" || failbackThrough === "replica") return false;
  const managed = target.site.hosts.find(({ id }) => id === machine.hostId)?.managed ?? true;
  return machine.form === "physical" || options.location === "alternate" || !managed;
}

/** The host that receives a machine: its own host, or the host of the master target for a new machine. */
export function hostOf(path: ReplicationPath): Host | undefined {
  const { hosts } = path.target.site;
  const own = hosts.find(({ id }) => id === path.snapshot.machine.hostId);
  if (own !== undefined && !needsNewMachine(path)) return own;
  const hostId = masterTargetOf(path)?.hostId;
  return hosts.find(({ id }) => id === hostId) ?? own;
}

/** The datastore that the caller names: of several, the one of the site. */
export function namedDatastoreOf({ options, target }: ReplicationPath): string | undefined {
  const named = namesOf(options.datastoreId);
  return named.find((name) => target.site.datastores.some(({ id }) => id === name)) ?? named[0];
}

/** The datastore of the disks: the one that the caller names for a new machine, otherwise the one where they are (P11). */
export function datastoreIdOf(path: ReplicationPath): string | undefined {
  const named = namedDatastoreOf(path);
  return needsNewMachine(path) ? named : (path.snapshot.machine.datastoreId ?? named);
}
