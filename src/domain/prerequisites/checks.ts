import type { ItemSnapshot, SiteSnapshot } from "../items/snapshot.js";
import { counted, freeInWords } from "../wording.js";
import { carriedInterfaces, interfaceTargets } from "../worlds/networks.js";
import { keptAddresses, sizeAt, takenBy, takenByOthers, testNameOf } from "../worlds/occupancy.js";
import type { Machine } from "../worlds/world.js";
import { addressKey, type CheckInput, type Demand } from "./prerequisite.js";

/** An item that goes to a site, and whether a reprotect creates a new machine for it there. */
export interface Arrival {
  snapshot: ItemSnapshot;
  isNewMachine: boolean;
}

/** The sum of what the items need of their target site. */
export function demandOf(arrivals: readonly Arrival[], { site }: SiteSnapshot): Demand {
  const names = new Map<string, string[]>();
  const addresses = new Map<string, string[]>();
  const families = new Map<string, Set<string>>();
  const memoryMb = new Map<string, number>();
  const note = (map: Map<string, string[]>, key: string, itemId: string) =>
    map.set(key, [...(map.get(key) ?? []), itemId]);
  let [cores, networkInterfaces, newDisksGb] = [0, 0, 0];
  for (const { snapshot, isNewMachine } of arrivals) {
    const { item, machine } = snapshot;
    const size = sizeAt(snapshot, site);
    const targets = interfaceTargets(item, machine);
    cores += size?.cpus ?? machine.cpus;
    networkInterfaces += carriedInterfaces(targets).length;
    if (isNewMachine) newDisksGb += diskGbOf(machine);
    const { hostId } = machine;
    if (hostId !== undefined) memoryMb.set(hostId, (memoryMb.get(hostId) ?? 0) + machine.memoryMb);
    note(names, targetNameOf(snapshot).toLowerCase(), item.id);
    for (const { networkId, address } of keptAddresses(targets, site.networks, { isolated: false })) {
      note(addresses, addressKey(networkId, address), item.id);
    }
    const set = item.target.availabilitySet;
    if (set !== undefined && size !== undefined) {
      families.set(set, (families.get(set) ?? new Set()).add(familyOf(size.name)));
    }
  }
  const itemIds = new Set(arrivals.map(({ snapshot }) => snapshot.item.id));
  return { itemIds, cores, networkInterfaces, names, addresses, families, memoryMb, newDisksGb };
}

export const diskGbOf = ({ disks }: Pick<Machine, "disks">): number =>
  disks.reduce((sum, { sizeGb }) => sum + sizeGb, 0);

/** The family of a size such as `Standard_D4s_v5`: its letters, without tier, number of CPUs and version. */
const familyOf = (size: string): string =>
  size
    .replace(/^(standard|basic)_/i, "")
    .replaceAll(/\d.*/g, "")
    .toUpperCase();

/** The limits of Azure for a machine. */
const AZURE = {
  nameLength: { windows: 15, linux: 64 },
  osDiskGb: { bios: 2_048, uefi: 4_096 },
  dataDiskGb: 32_767,
  dataDisks: 64,
} as const;

const KNOWN_SYSTEMS =
  /^(windows server (2012 r2|2016|2019|2022|2025)|ubuntu|debian|red hat enterprise linux|rhel|centos|suse|sles|oracle linux|rocky linux|alma ?linux)\b/i;

/** The replica's name: the machine's own unless the target settings give another. */
export const targetNameOf = ({ item, machine }: ItemSnapshot): string => item.target.name ?? machine.name;

export function coresMissing({ target, demand }: CheckInput): string | null {
  const { quota, id } = target.site;
  if (quota?.cores === undefined) return null;
  const others = takenByOthers(target.taken, demand.itemIds, ({ cores }) => cores);
  const free = quota.cores - quota.coresUsed - others.amount;
  if (demand.cores <= free) return null;
  const found = `the execution needs ${counted(demand.cores, "core")} at ${id}, and ${freeInWords(free)}`;
  return `${found}${takenBy(others.itemIds, "others are")}`;
}

export function interfacesMissing({ target, demand }: CheckInput): string | null {
  const { quota, id } = target.site;
  if (quota?.networkInterfaces === undefined) return null;
  const others = takenByOthers(target.taken, demand.itemIds, ({ networkInterfaces }) => networkInterfaces);
  const free = quota.networkInterfaces - quota.networkInterfacesUsed - others.amount;
  const asked = demand.networkInterfaces;
  if (asked <= free) return null;
  const found = `the execution needs ${counted(asked, "interface")} at ${id}, and ${freeInWords(free)}`;
  return `${found}${takenBy(others.itemIds, "others are")}`;
}

export function nameProblem({ snapshot }: CheckInput): string | null {
  const name = targetNameOf(snapshot);
  const most = AZURE.nameLength[snapshot.machine.osFamily];
  if (name.length > most) return `the name ${name} has ${name.length} characters; the limit is ${most}`;
  return /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(name)
    ? null
    : `the name ${name} has characters other than letters, digits and inner hyphens`;
}

export function nameTaken({ verb, snapshot, target, demand }: CheckInput): string | null {
  const name = targetNameOf(snapshot);
  if (target.machineNames.some((other) => other.toLowerCase() === name.toLowerCase())) {
    return `${target.site.id} already has a machine named ${name}`;
  }
  const taken = heldName(target, verb === "test-failover" ? [name, testNameOf(name)] : [name], snapshot);
  if (taken !== null) return taken;
  const rival = demand.names.get(name.toLowerCase())?.find((itemId) => itemId !== snapshot.item.id);
  return rival === undefined ? null : `item ${rival} has the same target name ${name}`;
}

/** Says which item's machine has one of the names at a site; null when they are free. */
export function heldName(
  { site, taken }: SiteSnapshot,
  names: readonly string[],
  { item }: ItemSnapshot,
): string | null {
  for (const name of names) {
    const isIt = (other: string): boolean => other.toLowerCase() === name.toLowerCase();
    const holder = taken.find(({ itemId, names: held }) => itemId !== item.id && held.some(isIt));
    if (holder !== undefined) return `${site.id} already has a machine named ${name}, that of item ${holder.itemId}`;
  }
  return null;
}

export function osDiskProblem({ snapshot: { machine } }: CheckInput): string | null {
  const most = AZURE.osDiskGb[machine.boot];
  const large = machine.disks.slice(0, 1).find(({ sizeGb }) => sizeGb > most);
  return large === undefined
    ? null
    : `the first disk has ${large.sizeGb} GB; the limit with ${machine.boot} is ${most} GB`;
}

export function dataDiskSizeProblem({ snapshot: { machine } }: CheckInput): string | null {
  const large = machine.disks.slice(1).find(({ sizeGb }) => sizeGb > AZURE.dataDiskGb);
  return large === undefined ? null : `disk ${large.name} has ${large.sizeGb} GB; the limit is ${AZURE.dataDiskGb} GB`;
}

export function diskCountProblem({ snapshot, target }: CheckInput): string | null {
  const count = snapshot.machine.disks.length - 1;
  const most = sizeAt(snapshot, target.site)?.maxDataDisks ?? AZURE.dataDisks;
  return count <= most ? null : `the machine has ${count} data disks; its size supports ${most}`;
}

export function sizeProblem({ snapshot, target }: CheckInput): string | null {
  const { machine, item } = snapshot;
  if (target.site.sizes.length === 0) return null;
  const size = sizeAt(snapshot, target.site);
  if (size === undefined) {
    return item.target.size === undefined
      ? `no size at ${target.site.id} has ${machine.cpus} CPUs and ${machine.memoryMb} MB`
      : `${target.site.id} does not offer the size ${item.target.size}`;
  }
  return null;
}

export function resourceGroupProblem({ snapshot: { item }, target }: CheckInput): string | null {
  const { resourceGroup } = item.target;
  return resourceGroup === undefined || target.site.resourceGroups.includes(resourceGroup)
    ? null
    : `the resource group ${resourceGroup} is not at ${target.site.id}`;
}

export function availabilitySetProblem({ snapshot: { item }, target }: CheckInput): string | null {
  const { availabilitySet } = item.target;
  return availabilitySet === undefined || target.site.availabilitySets.includes(availabilitySet)
    ? null
    : `the availability set ${availabilitySet} is not at ${target.site.id}`;
}

export const systemProblem = ({ snapshot: { machine } }: CheckInput): string | null =>
  KNOWN_SYSTEMS.test(machine.os) ? null : `${machine.os} is not a known system`;

export function familyProblem({ snapshot: { item }, demand }: CheckInput): string | null {
  const set = item.target.availabilitySet;
  const families = set === undefined ? undefined : demand.families.get(set);
  return families === undefined || families.size < 2
    ? null
    : `the availability set ${set} would have sizes of the families ${[...families].sort().join(", ")}`;
}
