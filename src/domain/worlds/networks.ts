import { defined } from "../text.js";
import { findAddress } from "./addresses.js";
import type { Machine, Network, NetworkMapping, ProtectedItem, TargetInterface, World } from "./world.js";

type Nic = Machine["nics"][number];
type Subnet = Network["subnets"][number];

/** The subnet of a network: the requested one, otherwise the one named as at the source, otherwise the first by name (B.6). */
export function chooseSubnet(
  network: Pick<Network, "subnets"> | undefined,
  asked: string | undefined,
  own: string | undefined,
): Subnet | undefined {
  const named = (name: string | undefined) => network?.subnets.find((subnet) => subnet.name === name);
  if (asked !== undefined) return named(asked);
  return named(own) ?? network?.subnets.toSorted((a, b) => (a.name < b.name ? -1 : 1))[0];
}

/** An interface of a machine, and the place that the target settings give it. */
export interface InterfaceTarget extends TargetInterface {
  nic: Nic;
}

/** All interfaces of a machine, in its order. The settings of the item place the first, and name the others. */
export function interfaceTargets(
  { target }: Pick<ProtectedItem, "target">,
  { nics }: Pick<Machine, "nics">,
): InterfaceTarget[] {
  const { networkId, subnet, ip, testNetworkId, interfaces = [] } = target;
  return nics.map((nic, index) => {
    const { name } = nic;
    if (index === 0) return { nic, name, networkId, subnet, ip, testNetworkId };
    return { nic, ...(interfaces.find((other) => other.name === name) ?? { name }) };
  });
}

/** The interfaces that the machine has at the other site. The first is created in any case. */
export const carriedInterfaces = (targets: readonly InterfaceTarget[]): InterfaceTarget[] =>
  targets.filter(({ networkId }, index) => index === 0 || networkId !== undefined);

/** The problems of the places of further interfaces, as sentences. */
export function interfaceProblems({ id, target }: ProtectedItem, { nics }: Machine): string[] {
  const names = nics.map(({ name }) => name);
  const asked = (target.interfaces ?? []).map(({ name }) => name);
  return asked.flatMap((name, index) => {
    if (asked.indexOf(name) !== index) return [`item ${id} places the interface ${name} twice`];
    if (!names.includes(name)) return [`item ${id} names the unknown interface ${name}`];
    return names[0] === name
      ? [`item ${id} places its first interface ${name} twice: the settings of the item place it already`]
      : [];
  });
}

/** The world with the networks of its mappings as target settings. An item's own settings take precedence. */
export function withMappedNetworks(world: World): World {
  if (world.networkMappings.length === 0) return world;
  const machines = new Map(world.machines.map((machine) => [machine.id, machine]));
  const items = world.items.map((item): ProtectedItem => {
    const [first, ...others] = machines.get(item.machineId)?.nics ?? [];
    const mapped = mappedPlace(world, item, first);
    const interfaces = others.flatMap((nic): TargetInterface[] => {
      const own = item.target.interfaces?.find(({ name }) => name === nic.name);
      const place = mappedPlace(world, item, nic);
      return own === undefined && place === undefined ? [] : [{ name: nic.name, ...place, ...own }];
    });
    const unknown = (item.target.interfaces ?? []).filter(({ name }) => !others.some((nic) => nic.name === name));
    const all = [...interfaces, ...unknown];
    if (mapped === undefined && all.length === 0) return item;
    return { ...item, target: { ...mapped, ...item.target, ...(all.length > 0 && { interfaces: all }) } };
  });
  return { ...world, items };
}

/** The networks that the mappings give an interface. */
function mappedPlace({ networkMappings }: World, item: ProtectedItem, nic: Nic | undefined) {
  const mapping = mappingOf(networkMappings, item, nic);
  return mapping && { networkId: mapping.toNetworkId, ...defined({ testNetworkId: mapping.testNetworkId }) };
}

const mappingOf = (
  mappings: readonly NetworkMapping[],
  { sourceSiteId, targetSiteId }: ProtectedItem,
  nic: Nic | undefined,
): NetworkMapping | undefined =>
  mappings.find(
    (mapping) =>
      mapping.fromSiteId === sourceSiteId &&
      mapping.toSiteId === targetSiteId &&
      mapping.fromNetworkId === nic?.networkId,
  );

/** The problems of the mappings, as sentences: unknown networks, duplicates, and tests on the production network. */
export function mappingProblems({ networkMappings, sites }: Pick<World, "networkMappings" | "sites">): string[] {
  const networks = new Set(sites.flatMap((site) => site.networks.map(({ id }) => `${site.id}/${id}`)));
  const seen = new Set<string>();
  return networkMappings.flatMap(({ fromSiteId, fromNetworkId, toSiteId, toNetworkId, testNetworkId }) => {
    const owner = `the mapping of ${fromSiteId}/${fromNetworkId} to ${toSiteId}`;
    const wanted = [
      `${fromSiteId}/${fromNetworkId}`,
      `${toSiteId}/${toNetworkId}`,
      ...(testNetworkId === undefined ? [] : [`${toSiteId}/${testNetworkId}`]),
    ];
    const twice = seen.has(owner) ? [`duplicate: ${owner}`] : [];
    seen.add(owner);
    const isolated =
      testNetworkId === toNetworkId
        ? [`${owner} uses its production network as test network; a test needs another one`]
        : [];
    return [
      ...wanted.filter((place) => !networks.has(place)).map((place) => `${owner} names the unknown network ${place}`),
      ...twice,
      ...isolated,
    ];
  });
}

/** An item and the networks of the site it goes to. */
export interface Placing {
  item: Pick<ProtectedItem, "id" | "target">;
  machine: Pick<Machine, "nics">;
  networks: readonly Network[];
}

/** An address that a machine uses. `itemId` is null if it is not protected. */
export interface UsedAddress {
  itemId: string | null;
  networkId: string;
  address: string;
}

/** The place of one interface of an item. If there is none, `how` is null and `because` gives the reason. */
export interface Placement {
  itemId: string;
  interface: string;
  /** Null for a network that is created for the test. */
  networkId: string | null;
  subnet: string | null;
  address: string | null;
  how: "asked" | "same" | "next-free" | "dhcp" | null;
  because: string | null;
}

/** The subnet of one interface, and the addresses that are taken in it so far. */
interface Place {
  networkId: string | null;
  subnet: Subnet;
  taken: Set<string>;
}

/**
 * Places every interface of the items of one site. A requested address is kept. A static address is kept if it is free;
 * otherwise the interface gets the next free one. DHCP stays DHCP. No two interfaces get the same address.
 *
 * @param isolated for a test: on the test network of each interface, or on a copy of the production network, in which
 * the addresses of production machines are free
 * @param used the addresses of machines that other failovers brought to the site; those of the items themselves are free
 */
export function placeItems(
  placings: readonly Placing[],
  { isolated, used = [] }: { isolated: boolean; used?: readonly UsedAddress[] },
): Placement[] {
  const own = new Set(placings.map(({ item }) => item.id));
  const ofOthers = used.filter(({ itemId }) => itemId === null || !own.has(itemId));
  const takenIn = new Map<string, Set<string>>();
  const places = placings.flatMap(({ item, machine, networks }) =>
    interfaceTargets(item, machine).map((target) => ({
      itemId: item.id,
      target,
      place: placeOf(target, networks, { isolated, used: ofOthers, takenIn }),
    })),
  );
  return places.map(({ itemId, target, place }) => ({ itemId, interface: target.name, ...placementOf(target, place) }));
}

/** The subnet of an interface with the addresses taken in it, including its requested one; or why there is none. */
function placeOf(
  { networkId, testNetworkId, subnet: asked, ip, nic }: InterfaceTarget,
  networks: readonly Network[],
  { isolated, used, takenIn }: { isolated: boolean; used: readonly UsedAddress[]; takenIn: Map<string, Set<string>> },
): Place | string {
  const made = isolated && testNetworkId === undefined;
  const wanted = isolated ? (testNetworkId ?? networkId) : networkId;
  if (wanted === undefined) return "the target settings name no network";
  const network = networks.find(({ id }) => id === wanted);
  const subnet = chooseSubnet(network, asked, nic.subnet);
  if (subnet === undefined) return `there is no network ${wanted} with the subnet ${asked ?? "of any name"}`;
  const key = `${wanted}/${made}/${subnet.name}`;
  const taken = takenIn.get(key) ?? new Set(made ? [] : [...(subnet.inUse ?? []), ...addressesIn(wanted, used)]);
  if (ip !== undefined) taken.add(ip);
  takenIn.set(key, taken);
  return { networkId: made ? null : wanted, subnet, taken };
}

const addressesIn = (networkId: string, used: readonly UsedAddress[]): string[] =>
  used.flatMap((other) => (other.networkId === networkId ? [other.address] : []));

function placementOf({ nic, ip }: InterfaceTarget, place: Place | string): Omit<Placement, "itemId" | "interface"> {
  if (typeof place === "string") {
    return { networkId: null, subnet: null, address: null, how: null, because: place };
  }
  const { networkId, subnet, taken } = place;
  const at = { networkId, subnet: subnet.name };
  if (ip !== undefined) return { ...at, address: ip, how: "asked", because: null };
  if (nic.assignment !== "static") return { ...at, address: null, how: "dhcp", because: null };
  const found = findAddress(subnet.range, nic.ip ?? null, taken);
  if (found === null) {
    const because = `subnet ${subnet.name} (${subnet.range}) has no free address`;
    return { ...at, address: null, how: null, because };
  }
  taken.add(found.address);
  const because = found.how === "same" ? null : `${nic.ip ?? "its address"} is not free in ${subnet.range}`;
  return { ...at, ...found, because };
}
