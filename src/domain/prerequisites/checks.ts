import { fittingSize } from "../items/effective-settings.js";
import type { ItemSnapshot, SiteSnapshot } from "../items/snapshot.js";
import { SITE_TRAITS } from "../scenario-traits.js";
import { isInRange, isReserved } from "../worlds/addresses.js";
import { chooseSubnet } from "../worlds/networks.js";
import type { MachineSize, ProtectedItem } from "../worlds/world.js";
import type { CheckInput, Demand } from "./prerequisite.js";

/** The sum of what the items need of their target site. */
export function demandOf(items: readonly ItemSnapshot[], site: SiteSnapshot): Demand {
  const names = new Map<string, string[]>();
  const addresses = new Map<string, string[]>();
  const families = new Map<string, Set<string>>();
  const note = (map: Map<string, string[]>, key: string, itemId: string) =>
    map.set(key, [...(map.get(key) ?? []), itemId]);
  let cores = 0;
  let networkInterfaces = 0;
  for (const snapshot of items) {
    const { item, machine } = snapshot;
    const size = sizeOf(snapshot, site);
    cores += size?.cpus ?? machine.cpus;
    networkInterfaces += machine.nics.length;
    note(names, targetNameOf(snapshot).toLowerCase(), item.id);
    if (item.target.ip !== undefined) note(addresses, item.target.ip, item.id);
    const set = item.target.availabilitySet;
    if (set !== undefined && size !== undefined) {
      families.set(set, (families.get(set) ?? new Set()).add(familyOf(size.name)));
    }
  }
  return { cores, networkInterfaces, names, addresses, families };
}

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

/** The size of the machine at the target site of its settings. At any other site it keeps its own size. */
function sizeOf({ item, machine }: ItemSnapshot, site: SiteSnapshot): MachineSize | undefined {
  const { id, sizes } = site.site;
  if (id !== item.targetSiteId) return undefined;
  if (item.target.size !== undefined) return sizes.find(({ name }) => name === item.target.size);
  return fittingSize(machine, sizes);
}

export function targetSubnetOf(item: ProtectedItem, snapshot: ItemSnapshot, site: SiteSnapshot) {
  const network = site.site.networks.find(({ id }) => id === item.target.networkId);
  return chooseSubnet(network, item.target.subnet, snapshot.machine.nics[0]?.subnet);
}

export function coresMissing({ target, demand }: CheckInput): string | null {
  const { quota, id } = target.site;
  if (quota?.cores === undefined) return null;
  const free = quota.cores - quota.coresUsed;
  return demand.cores <= free ? null : `the execution needs ${demand.cores} cores at ${id}, and ${free} are free`;
}

export function interfacesMissing({ target, demand }: CheckInput): string | null {
  const { quota, id } = target.site;
  if (quota?.networkInterfaces === undefined) return null;
  const free = quota.networkInterfaces - quota.networkInterfacesUsed;
  const asked = demand.networkInterfaces;
  return asked <= free ? null : `the execution needs ${asked} interfaces at ${id}, and ${free} are free`;
}

export function nameProblem({ snapshot }: CheckInput): string | null {
  const name = targetNameOf(snapshot);
  const most = AZURE.nameLength[snapshot.machine.osFamily];
  if (name.length > most) return `the name ${name} has ${name.length} characters; the limit is ${most}`;
  return /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(name)
    ? null
    : `the name ${name} has characters other than letters, digits and inner hyphens`;
}

export function nameTaken({ snapshot, target, demand }: CheckInput): string | null {
  const name = targetNameOf(snapshot);
  if (target.machineNames.some((other) => other.toLowerCase() === name.toLowerCase())) {
    return `${target.site.id} already has a machine named ${name}`;
  }
  const rival = demand.names.get(name.toLowerCase())?.find((itemId) => itemId !== snapshot.item.id);
  return rival === undefined ? null : `item ${rival} has the same target name ${name}`;
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
  const most = sizeOf(snapshot, target)?.maxDataDisks ?? AZURE.dataDisks;
  return count <= most ? null : `the machine has ${count} data disks; its size supports ${most}`;
}

export function sizeProblem({ snapshot, target }: CheckInput): string | null {
  const { machine, item } = snapshot;
  if (target.site.sizes.length === 0) return null;
  const size = sizeOf(snapshot, target);
  if (size === undefined) {
    return item.target.size === undefined
      ? `no size at ${target.site.id} has ${machine.cpus} CPUs and ${machine.memoryMb} MB`
      : `${target.site.id} does not offer the size ${item.target.size}`;
  }
  return null;
}

export function networkProblem({ snapshot: { item }, target }: CheckInput): string | null {
  if (item.target.networkId === undefined) {
    return SITE_TRAITS[target.site.kind].createsMachines ? "the target settings name no network" : null;
  }
  return target.site.networks.some(({ id }) => id === item.target.networkId)
    ? null
    : `the network ${item.target.networkId} is not at ${target.site.id}`;
}

export function subnetProblem(input: CheckInput): string | null {
  const { item } = input.snapshot;
  if (item.target.networkId === undefined || networkProblem(input) !== null) return null;
  return targetSubnetOf(item, input.snapshot, input.target) === undefined
    ? `the network ${item.target.networkId} has no subnet ${item.target.subnet}`
    : null;
}

export function addressProblem({ snapshot, target, demand }: CheckInput): string | null {
  const { ip } = snapshot.item.target;
  if (ip === undefined) return null;
  const subnet = targetSubnetOf(snapshot.item, snapshot, target);
  if (subnet !== undefined && !isInRange(ip, subnet.range))
    return `${ip} is not in subnet ${subnet.name} (${subnet.range})`;
  if (subnet !== undefined && isReserved(ip, subnet.range))
    return `${ip} of ${subnet.range} is reserved by the service`;
  if (subnet?.inUse?.includes(ip)) return `${ip} is in use in subnet ${subnet.name}`;
  const rival = demand.addresses.get(ip)?.find((itemId) => itemId !== snapshot.item.id);
  return rival === undefined ? null : `item ${rival} has the same address ${ip}`;
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

export function testNetworkProblem({ snapshot: { item }, target }: CheckInput): string | null {
  const { testNetworkId } = item.target;
  return testNetworkId === undefined || target.site.networks.some(({ id }) => id === testNetworkId)
    ? null
    : `the test network ${testNetworkId} is not at ${target.site.id}`;
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
