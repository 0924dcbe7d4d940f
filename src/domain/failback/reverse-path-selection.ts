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

/** The process server that the caller names; otherwise the first with open ports; otherwise the first. */
export function processServerOf(path: ReplicationPath): ProcessServer | undefined {
  const { processServerId } = path.options;
  const servers = processServersOf(path);
  if (processServerId !== undefined) return servers.find(({ id }) => id === processServerId);
  return servers.find((server) => closedPortsOf(server).length === 0) ?? servers[0];
}

export const closedPortsOf = ({ openPorts }: ProcessServer): number[] =>
  PROCESS_SERVER_PORTS.filter((port) => !openPorts.includes(port));

/** A configuration server has a process server of its own. It relays data from home when the caller names no other. */
export const usesBuiltInProcessServer = ({ direction, source, options }: ReplicationPath): boolean =>
  direction === "primary-to-recovery" &&
  options.processServerId === undefined &&
  source.site.configurationServer !== undefined;

/** The master target that the caller names; otherwise the first of the machine's system; otherwise the first. */
export function masterTargetOf({ target, options, snapshot }: ReplicationPath): MasterTarget | undefined {
  const { masterTargets } = target.site;
  if (options.masterTargetId !== undefined) return masterTargets.find(({ id }) => id === options.masterTargetId);
  return masterTargets.find(({ osFamily }) => osFamily === snapshot.machine.osFamily) ?? masterTargets[0];
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

/** The datastore of the disks: the one that the caller names for a new machine, otherwise the one where they are (P11). */
export function datastoreIdOf(path: ReplicationPath): string | undefined {
  const { snapshot, options } = path;
  return needsNewMachine(path) ? options.datastoreId : (snapshot.machine.datastoreId ?? options.datastoreId);
}
