import type { Subject } from "../prerequisites/prerequisite.js";
import { SCENARIO_TRAITS } from "../scenario-traits.js";
import { type MasterTarget, PROCESS_SERVER_PORTS, type ProcessServer } from "../worlds/topology.js";
import type { Host } from "../worlds/world.js";

/** A way that replication of an item is to go, between which sites, and what the caller says of it. */
export type WaySought = Pick<Subject, "way" | "source" | "target" | "links" | "snapshot" | "options">;

/**
 * Process servers that may pass on what the item replicates, the best first: those where it runs, and over
 * ExpressRoute, for a way home, those at home too (P9).
 */
function processServersOf({ source, target, way, links }: WaySought): readonly ProcessServer[] {
  const near = source.site.processServers;
  const far =
    way === "recovery-to-primary" && links.some(({ kind, connected }) => kind === "expressroute" && connected);
  return far ? [...near, ...target.site.processServers] : near;
}

/** The process server named, or else the first that listens as it should, or else the first. */
export function processServerOf(sought: WaySought): ProcessServer | undefined {
  const { processServerId } = sought.options;
  const servers = processServersOf(sought);
  if (processServerId !== undefined) return servers.find(({ id }) => id === processServerId);
  return servers.find((server) => closedPortsOf(server).length === 0) ?? servers[0];
}

export const closedPortsOf = ({ openPorts }: ProcessServer): number[] =>
  PROCESS_SERVER_PORTS.filter((port) => !openPorts.includes(port));

/** From home, a configuration server passes data on itself where no process server is named. */
export const passesOnItself = ({ way, source, options }: WaySought): boolean =>
  way === "primary-to-recovery" &&
  options.processServerId === undefined &&
  source.site.configurationServer !== undefined;

/** The master target named, or else the first that writes disks of the machine's system, or else the first. */
export function masterTargetOf({ target, options, snapshot }: WaySought): MasterTarget | undefined {
  const { masterTargets } = target.site;
  if (options.masterTargetId !== undefined) return masterTargets.find(({ id }) => id === options.masterTargetId);
  return masterTargets.find(({ osFamily }) => osFamily === snapshot.machine.osFamily) ?? masterTargets[0];
}

/** Whether a new machine is made at home: at another place, for a physical server, or on an unmanaged host (V2, P10). */
export function isMadeAnew({ way, target, snapshot: { item, machine }, options }: WaySought): boolean {
  if (way === "primary-to-recovery" || SCENARIO_TRAITS[item.scenario].comesHomeThrough === "replica") return false;
  const managed = target.site.hosts.find(({ id }) => id === machine.hostId)?.managed ?? true;
  return machine.form === "physical" || options.location === "alternate" || !managed;
}

/** The host that a machine comes home to: its own, unless it is made anew beside the master target. */
export function hostOf(sought: WaySought): Host | undefined {
  const { hosts } = sought.target.site;
  const own = hosts.find(({ id }) => id === sought.snapshot.machine.hostId);
  if (own !== undefined && !isMadeAnew(sought)) return own;
  const hostId = masterTargetOf(sought)?.hostId;
  return hosts.find(({ id }) => id === hostId) ?? own;
}

/** Where the disks go: to the datastore named when the machine is made anew, else to where they are (P11). */
export function datastoreIdOf(sought: WaySought): string | undefined {
  const { snapshot, options } = sought;
  return isMadeAnew(sought) ? options.datastoreId : (snapshot.machine.datastoreId ?? options.datastoreId);
}
