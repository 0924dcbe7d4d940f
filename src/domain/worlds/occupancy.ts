/** What machines take at a site, so that no two of them get one name or address, and the limits of the site hold. */
import { isInRange, isReserved } from "./addresses.js";
import { carriedInterfaces, chooseSubnet, type InterfaceTarget, type UsedAddress } from "./networks.js";
import type { Machine, MachineSize, Network, ProtectedItem, Site } from "./world.js";

/** What the machines of one item take at a site after a failover, a test or a failback. */
export interface Occupancy {
  itemId: string;
  /** Names of its machines, test copies included. */
  names: string[];
  addresses: { networkId: string; address: string }[];
  cores: number;
  networkInterfaces: number;
  /** Of a machine that came home, on its host. */
  memory: { hostId: string; memoryMb: number } | null;
  /** Of a machine that a reprotect created at home. */
  disks: { datastoreId: string; sizeGb: number } | null;
}

/** A static address of a machine that has been at the site since its import. `itemId` is null if it is not protected. */
export interface MachineAddress {
  networkId: string;
  address: string;
  itemId: string | null;
}

/** An address that an interface keeps. It is required if the target settings ask for it; otherwise the next one will do. */
export interface KeptAddress {
  networkId: string;
  address: string;
  required: boolean;
}

/** The name of the copy that a test makes. */
export const testNameOf = (name: string): string => `${name}-test`;

/** The smallest of the sizes that holds a machine. */
export const fittingSize = (
  { cpus, memoryMb }: Pick<Machine, "cpus" | "memoryMb">,
  sizes: readonly MachineSize[],
): MachineSize | undefined =>
  sizes
    .filter((size) => size.cpus >= cpus && size.memoryMb >= memoryMb)
    .toSorted((a, b) => a.cpus - b.cpus || a.memoryMb - b.memoryMb)[0];

/** The size of the machine at the target site of its settings. At any other site it keeps its own size. */
export function sizeAt(
  {
    item,
    machine,
  }: { item: Pick<ProtectedItem, "target" | "targetSiteId">; machine: Pick<Machine, "cpus" | "memoryMb"> },
  { id, sizes }: Pick<Site, "id" | "sizes">,
): MachineSize | undefined {
  if (id !== item.targetSiteId) return undefined;
  if (item.target.size !== undefined) return sizes.find(({ name }) => name === item.target.size);
  return fittingSize(machine, sizes);
}

/** The addresses that interfaces keep at the other site, or on the test networks of their settings. */
export function keptAddresses(
  targets: readonly InterfaceTarget[],
  networks: readonly Network[],
  { isolated }: { isolated: boolean },
): KeptAddress[] {
  return carriedInterfaces(targets).flatMap(({ nic, ip, subnet: asked, ...target }): KeptAddress[] => {
    const networkId = isolated ? target.testNetworkId : target.networkId;
    const subnet = chooseSubnet(
      networks.find(({ id }) => id === networkId),
      asked,
      nic.subnet,
    );
    if (networkId === undefined || subnet === undefined) return [];
    const own = nic.assignment === "static" ? nic.ip : undefined;
    const address = ip ?? own;
    if (address === undefined || !isInRange(address, subnet.range) || isReserved(address, subnet.range)) return [];
    if (ip === undefined && subnet.inUse?.includes(address)) return [];
    return [{ networkId, address, required: ip !== undefined }];
  });
}

/** The machine that has an address at a site: its item, or null for one that is not protected. Null when it is free. */
export function addressHolder(
  { taken, machineAddresses }: { taken: readonly Occupancy[]; machineAddresses: readonly MachineAddress[] },
  wanted: { networkId: string; address: string },
  ownId: string,
): { itemId: string | null } | null {
  const has = (one: { networkId: string; address: string }): boolean =>
    one.networkId === wanted.networkId && one.address === wanted.address;
  const came = taken.find(({ itemId, addresses }) => itemId !== ownId && addresses.some(has));
  if (came !== undefined) return came;
  // A machine that left the site is listed in `taken` with what it still has there.
  const isResident = (one: MachineAddress) => has(one) && one.itemId !== ownId;
  return machineAddresses.find((one) => isResident(one) && !taken.some(({ itemId }) => itemId === one.itemId)) ?? null;
}

/** All addresses that machines have at a site. */
export const usedAddresses = ({
  taken,
  machineAddresses,
}: {
  taken: readonly Occupancy[];
  machineAddresses: readonly MachineAddress[];
}): UsedAddress[] => {
  const moved = new Set(taken.map(({ itemId }) => itemId));
  return [
    ...taken.flatMap(({ itemId, addresses }) => addresses.map((one) => ({ itemId, ...one }))),
    ...machineAddresses.filter(({ itemId }) => itemId === null || !moved.has(itemId)),
  ];
};

/** What is counted of an occupancy. */
type Amounts = Omit<Occupancy, "addresses">;

/** How much the machines of other items take of a limited resource, with those items. */
export function takenByOthers(
  taken: readonly Occupancy[],
  own: { has(itemId: string): boolean },
  amountOf: (occupancy: Amounts) => number,
): { amount: number; itemIds: string[] } {
  const others = taken.filter((occupancy) => !own.has(occupancy.itemId) && amountOf(occupancy) > 0);
  return {
    amount: others.reduce((sum, occupancy) => sum + amountOf(occupancy), 0),
    itemIds: others.map(({ itemId }) => itemId),
  };
}

export const memoryOn =
  (hostId: string) =>
  ({ memory }: Amounts): number =>
    memory?.hostId === hostId ? memory.memoryMb : 0;

export const diskGbOn =
  (datastoreId: string) =>
  ({ disks }: Amounts): number =>
    disks?.datastoreId === datastoreId ? disks.sizeGb : 0;

const MOST_NAMED = 10;

/** Who takes what is missing, as the end of a sentence; empty when nobody does. */
export function takenBy(itemIds: readonly string[], what: string): string {
  if (itemIds.length === 0) return "";
  const more = itemIds.length - MOST_NAMED;
  const named = itemIds.slice(0, MOST_NAMED).join(", ");
  return `; ${what} taken by ${named}${more > 0 ? ` and ${more} more` : ""}`;
}
