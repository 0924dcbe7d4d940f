import type { z } from "zod";
import type { ItemSnapshot, SiteSnapshot } from "./snapshot.js";
import type { MachineSize, ProtectedItem } from "./world.js";

/** What a check looks at. */
export interface Subject {
  snapshot: ItemSnapshot;
  target: SiteSnapshot;
  source: SiteSnapshot;
  /** What all items of the run that go to the target site ask of it together. */
  demand: Demand;
}

/** What the items of a run ask of one site together, so that a check of each is no walk over all. */
export interface Demand {
  cores: number;
  networkInterfaces: number;
  /** Item ids by lower-case target name. */
  names: Map<string, string[]>;
  /** Item ids by target address. */
  addresses: Map<string, string[]>;
}

/** Adds up what items ask of their target site. */
export function demandOf(items: readonly ItemSnapshot[], site: SiteSnapshot): Demand {
  const demand: Demand = { cores: 0, networkInterfaces: 0, names: new Map(), addresses: new Map() };
  const note = (map: Map<string, string[]>, key: string, itemId: string) =>
    map.set(key, [...(map.get(key) ?? []), itemId]);
  for (const snapshot of items) {
    const { item, machine } = snapshot;
    demand.cores += sizeOf(snapshot, site)?.cpus ?? machine.cpus;
    demand.networkInterfaces += machine.nics.length;
    note(demand.names, targetNameOf(snapshot).toLowerCase(), item.id);
    if (item.target.ip !== undefined) note(demand.addresses, item.target.ip, item.id);
  }
  return demand;
}

/** What the service takes for a machine to run in Azure. */
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

function sizeOf({ item, machine }: ItemSnapshot, site: SiteSnapshot): z.infer<typeof MachineSize> | undefined {
  const { sizes } = site.site;
  if (item.target.size !== undefined) return sizes.find(({ name }) => name === item.target.size);
  return sizes
    .filter(({ cpus, memoryMb }) => cpus >= machine.cpus && memoryMb >= machine.memoryMb)
    .toSorted((a, b) => a.cpus - b.cpus || a.memoryMb - b.memoryMb)[0];
}

/** The subnet of a target network: the one asked for, else of the same name as at the source, else the first by name (B.6). */
export function targetSubnetOf(item: ProtectedItem, snapshot: ItemSnapshot, site: SiteSnapshot) {
  const network = site.site.networks.find(({ id }) => id === item.target.networkId);
  const own = snapshot.machine.nics[0]?.subnet;
  const byName = (name: string | undefined) => network?.subnets.find((subnet) => subnet.name === name);
  if (item.target.subnet !== undefined) return byName(item.target.subnet);
  return byName(own) ?? network?.subnets.toSorted((a, b) => a.name.localeCompare(b.name))[0];
}

const addressNumber = (address: string): number =>
  address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

/** Whether an IPv4 address lies in a range such as `10.0.0.0/24`. */
export function isInRange(address: string, range: string): boolean {
  const slash = range.indexOf("/");
  const width = 2 ** (32 - Number(range.slice(slash + 1)));
  return Math.floor(addressNumber(address) / width) === Math.floor(addressNumber(range.slice(0, slash)) / width);
}

export function coresMissing({ target, demand }: Subject): string | null {
  const { quota, id } = target.site;
  if (quota?.cores === undefined) return null;
  const free = quota.cores - quota.coresUsed;
  return demand.cores <= free ? null : `the run asks for ${demand.cores} cores at ${id} and ${free} are free`;
}

export function interfacesMissing({ target, demand }: Subject): string | null {
  const { quota, id } = target.site;
  if (quota?.networkInterfaces === undefined) return null;
  const free = quota.networkInterfaces - quota.networkInterfacesUsed;
  const asked = demand.networkInterfaces;
  return asked <= free ? null : `the run asks for ${asked} interfaces at ${id} and ${free} are free`;
}

export function nameProblem({ snapshot }: Subject): string | null {
  const name = targetNameOf(snapshot);
  const most = AZURE.nameLength[snapshot.machine.osFamily];
  if (name.length > most) return `the name ${name} has ${name.length} characters, at most ${most} are taken`;
  return /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(name)
    ? null
    : `the name ${name} has characters other than letters, digits and inner hyphens`;
}

export function nameTaken({ snapshot, target, demand }: Subject): string | null {
  const name = targetNameOf(snapshot);
  if (target.machineNames.some((other) => other.toLowerCase() === name.toLowerCase())) {
    return `a machine named ${name} is at ${target.site.id} already`;
  }
  const rival = demand.names.get(name.toLowerCase())?.find((itemId) => itemId !== snapshot.item.id);
  return rival === undefined ? null : `item ${rival} has the target name ${name} too`;
}

export function osDiskProblem({ snapshot: { machine } }: Subject): string | null {
  const most = AZURE.osDiskGb[machine.boot];
  const large = machine.disks.slice(0, 1).find(({ sizeGb }) => sizeGb > most);
  return large === undefined
    ? null
    : `the first disk has ${large.sizeGb} GB, at most ${most} GB are taken with ${machine.boot}`;
}

export function dataDiskSizeProblem({ snapshot: { machine } }: Subject): string | null {
  const large = machine.disks.slice(1).find(({ sizeGb }) => sizeGb > AZURE.dataDiskGb);
  return large === undefined
    ? null
    : `disk ${large.name} has ${large.sizeGb} GB, at most ${AZURE.dataDiskGb} GB are taken`;
}

export function diskCountProblem({ snapshot, target }: Subject): string | null {
  const count = snapshot.machine.disks.length - 1;
  const most = sizeOf(snapshot, target)?.maxDataDisks ?? AZURE.dataDisks;
  return count <= most ? null : `the machine has ${count} data disks, its size takes ${most}`;
}

export function sizeProblem({ snapshot, target }: Subject): string | null {
  const { machine, item } = snapshot;
  if (target.site.sizes.length === 0) return null;
  const size = sizeOf(snapshot, target);
  if (size === undefined) {
    return item.target.size === undefined
      ? `no size at ${target.site.id} has ${machine.cpus} CPUs and ${machine.memoryMb} MB`
      : `the size ${item.target.size} is not on offer at ${target.site.id}`;
  }
  return null;
}

export function networkProblem({ snapshot: { item }, target }: Subject): string | null {
  if (item.target.networkId === undefined) return "the target settings name no network";
  return target.site.networks.some(({ id }) => id === item.target.networkId)
    ? null
    : `the network ${item.target.networkId} is not at ${target.site.id}`;
}

export function subnetProblem(subject: Subject): string | null {
  if (networkProblem(subject) !== null) return null;
  const { item } = subject.snapshot;
  return targetSubnetOf(item, subject.snapshot, subject.target) === undefined
    ? `the network ${item.target.networkId} has no subnet ${item.target.subnet}`
    : null;
}

export function addressProblem({ snapshot, target, demand }: Subject): string | null {
  const { ip } = snapshot.item.target;
  if (ip === undefined) return null;
  const subnet = targetSubnetOf(snapshot.item, snapshot, target);
  if (subnet !== undefined && !isInRange(ip, subnet.range))
    return `${ip} is not in subnet ${subnet.name} (${subnet.range})`;
  const rival = demand.addresses.get(ip)?.find((itemId) => itemId !== snapshot.item.id);
  return rival === undefined ? null : `item ${rival} has the address ${ip} too`;
}

export function resourceGroupProblem({ snapshot: { item }, target }: Subject): string | null {
  const { resourceGroup } = item.target;
  return resourceGroup === undefined || target.site.resourceGroups.includes(resourceGroup)
    ? null
    : `the resource group ${resourceGroup} is not at ${target.site.id}`;
}

export function availabilitySetProblem({ snapshot: { item }, target }: Subject): string | null {
  const { availabilitySet } = item.target;
  return availabilitySet === undefined || target.site.availabilitySets.includes(availabilitySet)
    ? null
    : `the availability set ${availabilitySet} is not at ${target.site.id}`;
}

export function testNetworkProblem({ snapshot: { item }, target }: Subject): string | null {
  const { testNetworkId } = item.target;
  return testNetworkId === undefined || target.site.networks.some(({ id }) => id === testNetworkId)
    ? null
    : `the test network ${testNetworkId} is not at ${target.site.id}`;
}

export const systemProblem = ({ snapshot: { machine } }: Subject): string | null =>
  KNOWN_SYSTEMS.test(machine.os) ? null : `${machine.os} is not a known system`;
