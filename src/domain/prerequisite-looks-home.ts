import type { Subject } from "./prerequisite.js";
import { MASTER_TARGET_DISKS, type MasterTarget, PROCESS_SERVER_PORTS, type ProcessServer } from "./topology.js";
import type { Host, Link } from "./world.js";

/** Looks at what stands between a failover to Azure and the way home, and between two VMM clouds. */

const usable = ({ kind, peerings }: Link): boolean =>
  kind === "vpn" || (kind === "expressroute" && peerings.includes("private"));

export function linkMissing({ links, source, target }: Subject): string | null {
  return links.some(usable)
    ? null
    : `no VPN and no ExpressRoute with private peering joins ${source.site.id} and ${target.site.id}`;
}

export function linkDown({ links }: Subject): string | null {
  const good = links.filter(usable);
  return good.length === 0 || good.some(({ connected }) => connected)
    ? null
    : `${good.map(({ id }) => id).join(", ")} is not connected, so the configuration server cannot be reached`;
}

/** Data to a storage account goes to a public endpoint, which private peering does not reach (V9). */
export function storagePeeringMissing({ links }: Subject): string | null {
  const [only, ...others] = links;
  if (only === undefined || others.length > 0 || only.kind !== "expressroute") return null;
  return only.peerings.some((peering) => peering !== "private") ? null : `${only.id} has private peering only`;
}

export const noVmwareSite = ({ target }: Subject): string | null =>
  target.site.hosts.length > 0 ? null : `${target.site.id} has no ESXi host that a machine could come home to`;

/** Process servers that may pass on what the item replicates: where it runs, and over ExpressRoute also at home (P9). */
function processServersOf({ source, target, way, links }: Subject): readonly ProcessServer[] {
  const near = source.site.processServers;
  const far = way === "recovery-to-primary" && links.some(({ kind }) => kind === "expressroute");
  return near.length === 0 && far ? target.site.processServers : near;
}

export function processServerMissing(subject: Subject): string | null {
  const servers = processServersOf(subject);
  const { processServerId } = subject.options;
  if (processServerId !== undefined) {
    return servers.some(({ id }) => id === processServerId)
      ? null
      : `there is no process server ${processServerId} that could serve ${subject.source.site.id}`;
  }
  const builtIn = subject.way === "primary-to-recovery" && subject.source.site.configurationServer !== undefined;
  return servers.length > 0 || builtIn ? null : `${subject.source.site.id} has no process server`;
}

/** Fit for a test, not for production and not over VPN. */
export function processServerFar(subject: Subject): string | null {
  if (subject.way !== "recovery-to-primary" || subject.source.site.processServers.length > 0) return null;
  return processServersOf(subject).length === 0
    ? null
    : `the only process server is at ${subject.target.site.id}, at the far end of ExpressRoute`;
}

export function processServerPorts(subject: Subject): string | null {
  const { processServerId } = subject.options;
  const servers = processServersOf(subject).filter(({ id }) => processServerId === undefined || id === processServerId);
  const closed = servers.map(({ openPorts }) => PROCESS_SERVER_PORTS.filter((port) => !openPorts.includes(port)));
  const [first] = closed;
  if (first === undefined || closed.some((ports) => ports.length === 0)) return null;
  return `process server ${servers[0]?.id} does not listen on ${first.join(" and ")}`;
}

/** The master target named, or else the first that writes disks of the machine's system. */
function masterTargetOf({ target, options, snapshot }: Subject): MasterTarget | undefined {
  const { masterTargets } = target.site;
  if (options.masterTargetId !== undefined) return masterTargets.find(({ id }) => id === options.masterTargetId);
  return masterTargets.find(({ osFamily }) => osFamily === snapshot.machine.osFamily) ?? masterTargets[0];
}

/** A master target stands at a host, so a site without any is another row's. */
export function masterTargetMissing(subject: Subject): string | null {
  if (masterTargetOf(subject) !== undefined || noVmwareSite(subject) !== null) return null;
  const { masterTargetId } = subject.options;
  return `${subject.target.site.id} has no master target${masterTargetId === undefined ? "" : ` ${masterTargetId}`}`;
}

/** A check of the master target, which is met while there is none: that is another row's. */
const ofMasterTarget =
  (looks: (masterTarget: MasterTarget, subject: Subject) => string | null) =>
  (subject: Subject): string | null => {
    const masterTarget = masterTargetOf(subject);
    return masterTarget === undefined ? null : looks(masterTarget, subject);
  };

export const masterTargetSystem = ofMasterTarget(({ id, osFamily }, { snapshot: { machine } }) =>
  osFamily === machine.osFamily ? null : `master target ${id} runs ${osFamily}, the machine ${machine.osFamily}`,
);

export const masterTargetDisks = ofMasterTarget(({ id, attachedDisks }, { snapshot: { machine } }) => {
  const wanted = attachedDisks + machine.disks.length;
  return wanted <= MASTER_TARGET_DISKS
    ? null
    : `master target ${id} would have ${wanted} disks of ${MASTER_TARGET_DISKS}`;
});

export const masterTargetUuid = ofMasterTarget(({ id, osFamily, diskEnableUuid }) =>
  osFamily === "windows" || diskEnableUuid ? null : `disk.EnableUUID of master target ${id} is not TRUE`,
);

export const masterTargetMoved = ofMasterTarget(({ id, storageVMotion }) =>
  storageVMotion ? `master target ${id} is moved by storage vMotion` : null,
);

export const retentionDriveMissing = ofMasterTarget(({ id, retentionDrive }, { options }) => {
  if (retentionDrive === undefined) return `master target ${id} has no retention drive`;
  return options.retentionDrive === undefined || options.retentionDrive === retentionDrive
    ? null
    : `master target ${id} has the retention drive ${retentionDrive}, not ${options.retentionDrive}`;
});

/** The host that a machine comes home to: its own, unless it is made anew beside the master target. */
function hostOf(subject: Subject): Host | undefined {
  const { target, snapshot } = subject;
  const own = target.site.hosts.find(({ id }) => id === snapshot.machine.hostId);
  if (own !== undefined && !isMadeAnew(subject)) return own;
  const hostId = masterTargetOf(subject)?.hostId;
  return target.site.hosts.find(({ id }) => id === hostId) ?? own;
}

/** Whether a new machine is made at home: at another place, for a physical server, or on an unmanaged host (V2, P10). */
function isMadeAnew({ target, snapshot: { machine }, options }: Subject): boolean {
  const managed = target.site.hosts.find(({ id }) => id === machine.hostId)?.managed ?? true;
  return machine.form === "physical" || options.location === "alternate" || !managed;
}

/** Where the disks go: to the datastore named when the machine is made anew, else to where they are. */
function datastoreIdOf(subject: Subject): string | undefined {
  const { machine } = subject.snapshot;
  return isMadeAnew(subject) ? subject.options.datastoreId : (machine.datastoreId ?? subject.options.datastoreId);
}

export function datastoreMissing(subject: Subject): string | null {
  const datastoreId = datastoreIdOf(subject);
  const { datastores, id } = subject.target.site;
  if (datastoreId !== undefined) {
    return datastores.some((datastore) => datastore.id === datastoreId)
      ? null
      : `${id} has no datastore ${datastoreId}`;
  }
  if (datastores.length === 0) return `${id} has no datastore to put the disks on`;
  const { name } = subject.snapshot.machine;
  return isMadeAnew(subject) ? `${name} is made anew at ${id}, so a datastore must be given` : null;
}

const reaches = (ids: readonly string[] | undefined, wanted: string): boolean => ids?.includes(wanted) ?? true;

export const datastoreUnreachable = ofMasterTarget(({ id, hostId, datastoreIds }, subject) => {
  const wanted = datastoreIdOf(subject);
  if (wanted === undefined || datastoreMissing(subject) !== null) return null;
  const host = subject.target.site.hosts.find((candidate) => candidate.id === hostId);
  if (!reaches(host?.datastoreIds, wanted))
    return `host ${hostId} of master target ${id} does not reach datastore ${wanted}`;
  return reaches(datastoreIds, wanted) ? null : `master target ${id} cannot read and write datastore ${wanted}`;
});

export function datastoreFull(subject: Subject): string | null {
  if (!isMadeAnew(subject)) return null;
  const { machine } = subject.snapshot;
  const wantedGb = machine.disks.reduce((sum, { sizeGb }) => sum + sizeGb, 0);
  const asked = datastoreIdOf(subject);
  const candidates = subject.target.site.datastores.filter(({ id }) => asked === undefined || id === asked);
  if (candidates.length === 0 || candidates.some(({ freeGb }) => freeGb >= wantedGb)) return null;
  return `the machine needs ${wantedGb} GB, ${candidates.map(({ id, freeGb }) => `${id} has ${freeGb}`).join(", ")}`;
}

export function hostMemory(subject: Subject): string | null {
  const host = hostOf(subject);
  const { memoryMb } = subject.snapshot.machine;
  if (host?.freeMemoryMb === undefined || host.freeMemoryMb >= memoryMb) return null;
  return `host ${host.id} has ${host.freeMemoryMb} MB free, the machine needs ${memoryMb} MB`;
}

export function hostLicence(subject: Subject): string | null {
  const host = hostOf(subject);
  return host?.licence === "free" ? `host ${host.id} has the free licence of ESXi` : null;
}

export const hostsUnknown = ({ target }: Subject): string | null =>
  target.site.configurationServer?.hostsDiscovered === false
    ? `the hosts of ${target.site.id} were not discovered yet`
    : null;

export const accountReadOnly = ({ target }: Subject): string | null =>
  target.site.vCenter?.accountRole === "read-only"
    ? `the discovery account at ${target.site.vCenter.id} is read-only, so datastores are not discovered`
    : null;

export function configurationServerForgot({ target, snapshot: { machine } }: Subject): string | null {
  const server = target.site.configurationServer;
  return server?.forgotten.includes(machine.id) ? `${server.id} does not know ${machine.name} any more` : null;
}

export const hasSnapshots = ({ snapshot: { machine } }: Subject): string | null =>
  machine.snapshots === 0 ? null : `${machine.name} has ${machine.snapshots} snapshots`;

export function homeNameTaken(subject: Subject): string | null {
  const { name } = subject.snapshot.machine;
  const taken = subject.target.site.existingMachines.some((other) => other.toLowerCase() === name.toLowerCase());
  return taken && isMadeAnew(subject) ? `another machine named ${name} is at ${subject.target.site.id}` : null;
}

export const agentMissing = ({ snapshot, options }: Subject): string | null =>
  snapshot.agentRegistered || options.waitForAgent === true
    ? null
    : `agent not installed: ${snapshot.machine.name} has not registered with the configuration server yet`;

export function notRunning({ running, snapshot: { machine } }: Subject): string | null {
  if (running.power === "off") return `${machine.name} is stopped at ${running.siteId}`;
  return running.heartbeat === "ok" ? null : `${machine.name} at ${running.siteId} does not answer`;
}

export const siteUnreachable = ({ source }: Subject): string | null =>
  source.reachable ? null : `${source.site.id} cannot be reached`;

export function vmmDisconnected({ source, target }: Subject): string | null {
  const off = [source, target].flatMap(({ site }) => (site.vmmServer?.connected === false ? [site.vmmServer.id] : []));
  return off.length === 0 ? null : `the VMM server ${off.join(", ")} is not connected to the service`;
}

export const addressLost = ({ snapshot: { machine } }: Subject): string | null =>
  machine.nics.some(({ assignment }) => assignment === "static")
    ? `${machine.name} has a static address, which is DHCP after the way home`
    : null;

export const networkManagerLost = ({ snapshot: { machine } }: Subject): string | null =>
  machine.osFamily === "linux" && !machine.networkManagerPackage
    ? `${machine.name} lacks the NetworkManager package`
    : null;
