import {
  closedPortsOf,
  datastoreIdOf,
  hostOf,
  masterTargetOf,
  namedDatastoreOf,
  namesOf,
  needsNewMachine,
  otherNetworkOf,
  processServerOf,
  type ReplicationPath,
  rivalMasterTargetsOf,
  usesBuiltInProcessServer,
} from "../failback/reverse-path-selection.js";
import { listed } from "../wording.js";
import { diskGbOn, memoryOn, takenBy, takenByOthers } from "../worlds/occupancy.js";
import { MAX_MASTER_TARGET_DISKS, type MasterTarget } from "../worlds/topology.js";
import type { Link } from "../worlds/world.js";
import { diskGbOf, heldName } from "./checks.js";
import type { CheckInput } from "./prerequisite.js";

const usable = ({ kind, peerings }: Link): boolean =>
  kind === "vpn" || (kind === "expressroute" && peerings.includes("private"));

export function linkMissing({ links, source, target }: CheckInput): string | null {
  return links.some(usable)
    ? null
    : `no VPN and no ExpressRoute with private peering joins ${source.site.id} and ${target.site.id}`;
}

export function linkDown({ links }: CheckInput): string | null {
  const good = links.filter(usable);
  return good.length === 0 || good.some(({ connected }) => connected)
    ? null
    : `${good.map(({ id }) => id).join(", ")} is not connected, so the configuration server cannot be reached`;
}

/** Data to a storage account goes to a public endpoint, which private peering cannot reach (V9). */
export function storagePeeringMissing({ links }: CheckInput): string | null {
  const [only, ...others] = links;
  if (only === undefined || others.length > 0 || only.kind !== "expressroute") return null;
  return only.peerings.some((peering) => peering !== "private") ? null : `${only.id} has private peering only`;
}

export const noVmwareSite = ({ target }: ReplicationPath): string | null =>
  target.site.hosts.length > 0 ? null : `${target.site.id} has no ESXi host that could receive a machine`;

export function processServerMissing(path: ReplicationPath): string | null {
  if (processServerOf(path) !== undefined || usesBuiltInProcessServer(path)) return null;
  const { processServerId } = path.options;
  const { id } = path.source.site;
  return processServerId === undefined
    ? `${id} has no process server`
    : `there is no process server ${processServerId} that could serve ${id}`;
}

export function processServerFar(input: CheckInput): string | null {
  const server = processServerOf(input);
  if (server === undefined || input.source.site.processServers.includes(server)) return null;
  return `the process server ${server.id} is at ${input.target.site.id}, at the other end of ExpressRoute`;
}

export function processServerPorts(input: CheckInput): string | null {
  const server = processServerOf(input);
  const closed = server === undefined ? [] : closedPortsOf(server);
  return closed.length === 0 ? null : `process server ${server?.id} does not listen on ${closed.join(" and ")}`;
}

export function processServerNetwork(input: CheckInput): string | null {
  const server = processServerOf(input);
  const network = server === undefined ? null : otherNetworkOf(server, input);
  if (server === undefined || network === null) return null;
  return `process server ${server.id} is in network ${network}, the machine in ${input.snapshot.item.target.networkId}`;
}

/** A site without a host has no master target either; `noVmwareSite` reports that. */
export function masterTargetMissing(path: ReplicationPath): string | null {
  if (noVmwareSite(path) !== null) return null;
  const { id, masterTargets } = path.target.site;
  const unknown = namesOf(path.options.masterTargetId).find(
    (name) => !masterTargets.some(({ id: its }) => its === name),
  );
  if (unknown !== undefined) return `${id} has no master target ${unknown}`;
  return masterTargetOf(path) === undefined ? `${id} has no master target` : null;
}

/** A single master target of the machine's system needs no name. */
export function masterTargetNotNamed(path: ReplicationPath): string | null {
  const rivals = rivalMasterTargetsOf(path);
  if (rivals.length === 0) return null;
  return `${rivals.join(" and ")} could write the disks of ${path.snapshot.machine.name}, and the options name none of them alone`;
}

/** A check of the master target. It passes if there is none; `masterTargetMissing` reports that. */
const ofMasterTarget =
  (check: (masterTarget: MasterTarget, path: ReplicationPath) => string | null) =>
  (path: ReplicationPath): string | null => {
    const masterTarget = masterTargetOf(path);
    return masterTarget === undefined ? null : check(masterTarget, path);
  };

export const masterTargetSystem = ofMasterTarget(({ id, osFamily }, { snapshot: { machine } }) =>
  osFamily === machine.osFamily ? null : `master target ${id} runs ${osFamily}, the machine ${machine.osFamily}`,
);

export const masterTargetDisks = ofMasterTarget(({ id, attachedDisks }, { snapshot: { machine } }) => {
  const wanted = attachedDisks + machine.disks.length;
  return wanted <= MAX_MASTER_TARGET_DISKS
    ? null
    : `master target ${id} would have ${wanted} disks of ${MAX_MASTER_TARGET_DISKS}`;
});

export const masterTargetUuid = ofMasterTarget(({ id, osFamily, diskEnableUuid }) =>
  osFamily === "windows" || diskEnableUuid ? null : `disk.EnableUUID of master target ${id} is not TRUE`,
);

export const masterTargetScsi = ofMasterTarget(({ id, osFamily, scsiIds = [] }) => {
  const twice = scsiIds.find((scsiId, at) => scsiIds.indexOf(scsiId) !== at);
  return osFamily === "windows" || twice === undefined
    ? null
    : `two disks of master target ${id} have the SCSI id ${twice}`;
});

export const masterTargetMoved = ofMasterTarget(({ id, storageVMotion }) =>
  storageVMotion ? `master target ${id} is moved by storage vMotion` : null,
);

export const retentionDriveMissing = ofMasterTarget(({ id, retentionDrive }, { options }) => {
  if (retentionDrive === undefined) return `master target ${id} has no retention drive`;
  const named = namesOf(options.retentionDrive);
  return named.length === 0 || named.includes(retentionDrive)
    ? null
    : `master target ${id} has the retention drive ${retentionDrive}, not ${named.join(" or ")}`;
});

/** The datastore that the disks need is missing, whatever the options name. */
export function datastoreMissing(path: ReplicationPath): string | null {
  const datastoreId = datastoreIdOf(path);
  const { datastores, id } = path.target.site;
  if (datastoreId !== undefined) {
    return datastores.some((datastore) => datastore.id === datastoreId)
      ? null
      : `${id} has no datastore ${datastoreId}`;
  }
  if (datastores.length === 0) return `${id} has no datastore to put the disks on`;
  const { name } = path.snapshot.machine;
  return needsNewMachine(path)
    ? `${name} is created as a new machine at ${id}, so the options must name a datastore (${id} has ${listed(datastores.map((one) => one.id))})`
    : null;
}

/** A reprotect has to name a datastore of the site, although it is ignored where the old disks still exist (P11). */
export function datastoreNotNamed(path: ReplicationPath): string | null {
  const missing = datastoreMissing(path);
  if (missing !== null) return missing;
  const { datastores, id } = path.target.site;
  const asked = namedDatastoreOf(path);
  if (asked !== undefined) {
    return datastores.some((datastore) => datastore.id === asked) ? null : `${id} has no datastore ${asked}`;
  }
  const has = listed(datastores.map((datastore) => datastore.id));
  return `the options name no datastore of ${id} (it has ${has}); one must be named, although the disks of ${path.snapshot.machine.name} still exist`;
}

const reaches = (ids: readonly string[] | undefined, wanted: string): boolean => ids?.includes(wanted) ?? true;

export const datastoreUnreachable = ofMasterTarget(({ id, hostId, datastoreIds }, path) => {
  const wanted = datastoreIdOf(path);
  if (wanted === undefined || datastoreMissing(path) !== null) return null;
  const host = path.target.site.hosts.find((candidate) => candidate.id === hostId);
  if (!reaches(host?.datastoreIds, wanted))
    return `host ${hostId} of master target ${id} does not reach datastore ${wanted}`;
  return reaches(datastoreIds, wanted) ? null : `master target ${id} cannot read and write datastore ${wanted}`;
});

export function datastoreFull(input: CheckInput): string | null {
  if (!needsNewMachine(input)) return null;
  const { demand, target, snapshot } = input;
  const ownGb = diskGbOf(snapshot.machine);
  const asked = datastoreIdOf(input);
  const candidates = target.site.datastores
    .filter(({ id }) => asked === undefined || id === asked)
    .map(({ id, freeGb }) => {
      const others = takenByOthers(target.taken, demand.itemIds, diskGbOn(id));
      return { id, freeGb: Math.max(0, freeGb - others.amount), itemIds: others.itemIds };
    });
  if (candidates.length === 0 || candidates.some(({ freeGb }) => freeGb >= demand.newDisksGb)) return null;
  const needed =
    demand.newDisksGb > ownGb
      ? `the new machines of the execution need ${demand.newDisksGb} GB`
      : `the machine needs ${ownGb} GB`;
  const free = candidates.map(({ id, freeGb, itemIds }) => `${id} has ${freeGb}${takenBy(itemIds, "the rest is")}`);
  return `${needed}, ${free.join(", ")}`;
}

export function hostMemory(input: CheckInput): string | null {
  const host = hostOf(input);
  const { memoryMb } = input.snapshot.machine;
  if (host?.freeMemoryMb === undefined) return null;
  const others = takenByOthers(input.target.taken, input.demand.itemIds, memoryOn(host.id));
  const freeMb = Math.max(0, host.freeMemoryMb - others.amount);
  const allMb = Math.max(memoryMb, input.demand.memoryMb.get(host.id) ?? 0);
  if (freeMb >= allMb) return null;
  const needed =
    allMb > memoryMb ? `the machines of the execution need ${allMb} MB` : `the machine needs ${memoryMb} MB`;
  return `host ${host.id} has ${freeMb} MB free, ${needed}${takenBy(others.itemIds, "the rest is")}`;
}

export function hostLicence(input: CheckInput): string | null {
  const host = hostOf(input);
  return host?.licence === "free" ? `host ${host.id} has the free licence of ESXi` : null;
}

export const hostsUnknown = ({ target }: CheckInput): string | null =>
  target.site.configurationServer?.hostsDiscovered === false
    ? `the hosts of ${target.site.id} have not been discovered yet`
    : null;

export const accountReadOnly = ({ target }: CheckInput): string | null =>
  target.site.vCenter?.accountRole === "read-only"
    ? `the discovery account at ${target.site.vCenter.id} is read-only, so datastores are not discovered`
    : null;

export const configurationServerMissing = ({ target }: CheckInput): string | null =>
  target.site.configurationServer === undefined ? `${target.site.id} has no configuration server` : null;

export function configurationServerForgot({ target, snapshot: { machine } }: CheckInput): string | null {
  const server = target.site.configurationServer;
  return server?.forgotten.includes(machine.id) ? `${server.id} no longer knows ${machine.name}` : null;
}

/** Machines use the address at which they were registered, wherever the server was restored (V3). */
export function configurationServerMoved({ target }: CheckInput): string | null {
  const { id, ip, knownAt } = target.site.configurationServer ?? {};
  return knownAt === undefined || ip === knownAt
    ? null
    : `${id} answers at ${ip ?? "an unknown address"}, the machines use ${knownAt}`;
}

export function configurationServerUnsaved({ target }: CheckInput): string | null {
  const server = target.site.configurationServer;
  return server === undefined || server.backup !== undefined ? null : `${server.id} has no backup`;
}

export const hasSnapshots = ({ snapshot: { machine } }: CheckInput): string | null =>
  machine.snapshots === 0 ? null : `${machine.name} has ${machine.snapshots} snapshots`;

export function homeNameTaken(input: CheckInput): string | null {
  const { name } = input.snapshot.machine;
  const taken = input.target.site.existingMachines.some((other) => other.toLowerCase() === name.toLowerCase());
  if (taken && needsNewMachine(input)) return `another machine named ${name} is at ${input.target.site.id}`;
  return heldName(input.target, [name], input.snapshot);
}

export const agentMissing = ({ snapshot, options }: CheckInput): string | null =>
  snapshot.agentRegistered || options.waitForAgent === true
    ? null
    : `agent not installed: ${snapshot.machine.name} has not registered with the configuration server yet`;

export function notRunning({ running, snapshot: { machine } }: CheckInput): string | null {
  if (running.power === "off") return `${machine.name} is stopped at ${running.siteId}`;
  return running.heartbeat === "ok" ? null : `${machine.name} at ${running.siteId} does not answer`;
}

export const siteUnreachable = ({ source }: CheckInput): string | null =>
  source.reachable ? null : `${source.site.id} cannot be reached`;

export function vmmDisconnected({ source, target }: CheckInput): string | null {
  const off = [source, target].flatMap(({ site }) => (site.vmmServer?.connected === false ? [site.vmmServer.id] : []));
  return off.length === 0 ? null : `the VMM server ${off.join(", ")} is not connected to the service`;
}

export const addressLost = ({ snapshot: { machine } }: CheckInput): string | null =>
  machine.nics.some(({ assignment }) => assignment === "static")
    ? `${machine.name} has a static address, which becomes DHCP during the failback`
    : null;

export const networkManagerLost = ({ snapshot: { machine } }: CheckInput): string | null =>
  machine.osFamily === "linux" && !machine.networkManagerPackage
    ? `${machine.name} lacks the NetworkManager package`
    : null;
