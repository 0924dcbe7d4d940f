/** Checks of the places that the interfaces of a machine get at the target site. Each names all interfaces that are wrong. */
import { SITE_TRAITS } from "../scenario-traits.js";
import { isInRange, isReserved } from "../worlds/addresses.js";
import { chooseSubnet, type InterfaceTarget, interfaceTargets } from "../worlds/networks.js";
import { addressHolder } from "../worlds/occupancy.js";
import { addressKey, type CheckInput } from "./prerequisite.js";

const targetsOf = ({ snapshot: { item, machine } }: CheckInput): InterfaceTarget[] => interfaceTargets(item, machine);

/** What is wrong with each interface, as one sentence; null when nothing is. A machine with one needs no names. */
function ofInterfaces(input: CheckInput, check: (target: InterfaceTarget) => string | null): string | null {
  const targets = targetsOf(input);
  const wrong = targets.flatMap((target) => {
    const found = check(target);
    if (found === null) return [];
    return [targets.length === 1 ? found : `interface ${target.name}: ${found}`];
  });
  return wrong.length === 0 ? null : wrong.join("; ");
}

const networkOf = ({ target }: CheckInput, networkId: string | undefined) =>
  target.site.networks.find(({ id }) => id === networkId);

export function networkProblem(input: CheckInput): string | null {
  const { site } = input.target;
  const [first] = targetsOf(input);
  return ofInterfaces(input, ({ name, networkId }) => {
    if (networkId === undefined) {
      const needed = name === first?.name && SITE_TRAITS[site.kind].createsMachines;
      return needed ? "the target settings name no network" : null;
    }
    return networkOf(input, networkId) === undefined ? `the network ${networkId} is not at ${site.id}` : null;
  });
}

/** An interface other than the first is left out when nothing places it. */
export function interfaceLeftOut(input: CheckInput): string | null {
  const left = targetsOf(input)
    .slice(1)
    .filter(({ networkId }) => networkId === undefined);
  if (left.length === 0) return null;
  const { id } = input.target.site;
  return left.map(({ name, nic }) => `interface ${name} on ${nic.networkId} gets no network at ${id}`).join("; ");
}

export const subnetProblem = (input: CheckInput): string | null =>
  ofInterfaces(input, ({ networkId, subnet, nic }) => {
    const network = networkOf(input, networkId);
    if (network === undefined || chooseSubnet(network, subnet, nic.subnet) !== undefined) return null;
    return `the network ${networkId} has no subnet ${subnet}`;
  });

export const addressProblem = (input: CheckInput): string | null =>
  ofInterfaces(input, (target) => (target.ip === undefined ? null : wrongAddress(input, target, target.ip)));

function wrongAddress(input: CheckInput, { networkId, subnet: asked, nic }: InterfaceTarget, ip: string) {
  const subnet = chooseSubnet(networkOf(input, networkId), asked, nic.subnet);
  if (subnet !== undefined && !isInRange(ip, subnet.range))
    return `${ip} is not in subnet ${subnet.name} (${subnet.range})`;
  if (subnet !== undefined && isReserved(ip, subnet.range))
    return `${ip} of ${subnet.range} is reserved by the service`;
  if (subnet?.inUse?.includes(ip)) return `${ip} is in use in subnet ${subnet.name}`;
  const { id } = input.snapshot.item;
  const holder = networkId === undefined ? null : addressHolder(input.target, { networkId, address: ip }, id);
  if (holder !== null) return inUseBy(ip, holder.itemId);
  const rival = input.demand.addresses.get(addressKey(networkId, ip))?.find((itemId) => itemId !== id);
  return rival === undefined ? null : `item ${rival} has the same address ${ip}`;
}

const inUseBy = (address: string, itemId: string | null): string =>
  `${address} is in use by ${itemId === null ? "a machine that is not protected" : `the machine of item ${itemId}`}`;

/** A machine that comes home keeps its static addresses, unless it comes through a master target (V8). */
export function homeAddressTaken({ snapshot: { item, machine }, target }: CheckInput): string | null {
  const found = machine.nics.flatMap(({ networkId, subnet, ip, assignment }) => {
    if (assignment !== "static" || ip === undefined) return [];
    const network = target.site.networks.find(({ id }) => id === networkId);
    const at = network?.subnets.find(({ name, range }) => name === subnet || isInRange(ip, range));
    if (at?.inUse?.includes(ip)) return [`${ip} is in use in subnet ${at.name}`];
    const holder = addressHolder(target, { networkId, address: ip }, item.id);
    return holder === null ? [] : [inUseBy(ip, holder.itemId)];
  });
  return found.length === 0 ? null : found.join("; ");
}

export const testNetworkProblem = (input: CheckInput): string | null =>
  ofInterfaces(input, ({ testNetworkId }) =>
    testNetworkId === undefined || networkOf(input, testNetworkId) !== undefined
      ? null
      : `the test network ${testNetworkId} is not at ${input.target.site.id}`,
  );
