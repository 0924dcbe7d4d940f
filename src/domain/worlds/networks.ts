import { defined } from "../text.js";
import { findAddress } from "./addresses.js";
import type { Machine, Network, NetworkMapping, ProtectedItem, World } from "./world.js";

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

/** The world with the networks of its mappings as target settings. An item's own settings take precedence. */
export function withMappedNetworks(world: World): World {
  if (world.networkMappings.length === 0) return world;
  const machines = new Map(world.machines.map((machine) => [machine.id, machine]));
  const items = world.items.map((item): ProtectedItem => {
    const mapping = mappingOf(world.networkMappings, item, machines.get(item.machineId)?.nics[0]);
    if (mapping === undefined) return item;
    const { toNetworkId: networkId, testNetworkId } = mapping;
    const mapped = { networkId, ...defined({ testNetworkId }) };
    return { ...item, target: { ...mapped, ...item.target } };
  });
  return { ...world, items };
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

/** The place of the first interface of an item. If there is none, `how` is null and `because` gives the reason. */
export interface Placement {
  itemId: string;
  /** Null for a network that is created for the test. */
  networkId: string | null;
  subnet: string | null;
  address: string | null;
  how: "asked" | "same" | "next-free" | "dhcp" | null;
  because: string | null;
}

/** The subnet of one item, and the addresses that are taken in it so far. */
interface Place {
  networkId: string | null;
  subnet: Subnet;
  taken: Set<string>;
}

/**
 * Places the items of one site. A requested address is kept. A static address is kept if it is free; otherwise the item
 * gets the next free one. DHCP stays DHCP. No two items get the same address.
 *
 * @param isolated for a test: on the test network of each item, or on a copy of the production network, in which the
 * addresses of production machines are free
 */
export function placeItems(placings: readonly Placing[], { isolated }: { isolated: boolean }): Placement[] {
  const takenIn = new Map<string, Set<string>>();
  const places = placings.map((placing) => placeOf(placing, isolated, takenIn));
  return placings.map((placing, index) => placementOf(placing, places[index] ?? "it has no place"));
}

/** The subnet of an item with the addresses taken in it, including its requested one; or why there is none. */
function placeOf(
  { item, machine, networks }: Placing,
  isolated: boolean,
  takenIn: Map<string, Set<string>>,
): Place | string {
  const { networkId, testNetworkId, subnet: asked, ip } = item.target;
  const made = isolated && testNetworkId === undefined;
  const wanted = isolated ? (testNetworkId ?? networkId) : networkId;
  if (wanted === undefined) return "the target settings name no network";
  const network = networks.find(({ id }) => id === wanted);
  const subnet = chooseSubnet(network, asked, machine.nics[0]?.subnet);
  if (subnet === undefined) return `there is no network ${wanted} with the subnet ${asked ?? "of any name"}`;
  const key = `${wanted}/${made}/${subnet.name}`;
  const taken = takenIn.get(key) ?? new Set(made ? [] : subnet.inUse);
  if (ip !== undefined) taken.add(ip);
  takenIn.set(key, taken);
  return { networkId: made ? null : wanted, subnet, taken };
}

function placementOf({ item, machine }: Placing, place: Place | string): Placement {
  const itemId = item.id;
  if (typeof place === "string") {
    return { itemId, networkId: null, subnet: null, address: null, how: null, because: place };
  }
  const { networkId, subnet, taken } = place;
  const at = { itemId, networkId, subnet: subnet.name };
  if (item.target.ip !== undefined) return { ...at, address: item.target.ip, how: "asked", because: null };
  const nic = machine.nics[0];
  if (nic?.assignment !== "static") return { ...at, address: null, how: "dhcp", because: null };
  const found = findAddress(subnet.range, nic.ip ?? null, taken);
  if (found === null) {
    const because = `subnet ${subnet.name} (${subnet.range}) has no free address`;
    return { ...at, address: null, how: null, because };
  }
  taken.add(found.address);
  const because = found.how === "same" ? null : `${nic.ip ?? "its address"} is not free in ${subnet.range}`;
  return { ...at, ...found, because };
}
