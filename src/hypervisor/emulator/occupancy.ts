/**
 * What the machines of an item take at a site, and whether it is free. Pure: occupancies.ts stores it. Shown in
 * hypervisor-occupancy.suite.ts and invariants.test.ts:
 *
 * I1. A name or an address belongs to one machine at a site, and cores, interfaces, memory and disks stay within the
 *     limits of the site ("any two failovers at the same time…").
 * I2. What a machine takes is free again when it is gone: after clean-up, cancel, or the removal of the machine that a
 *     failback left ("…is free again after…").
 * I3. A machine keeps its address at home until its failover is committed, so that a cancel can always start it there
 *     ("the address at home…").
 */
import { canonicalJson } from "../../domain/identity.js";
import { SCENARIO_TRAITS } from "../../domain/scenario-traits.js";
import { counted, freeInWords } from "../../domain/wording.js";
import { carriedInterfaces, interfaceTargets } from "../../domain/worlds/networks.js";
import {
  addressHolder,
  diskGbOn,
  type KeptAddress,
  keptAddresses,
  memoryOn,
  type Occupancy,
  sizeAt,
  takenBy,
  takenByOthers,
  testNameOf,
} from "../../domain/worlds/occupancy.js";
import type { Site } from "../../domain/worlds/world.js";
import type { OperationName } from "../port.js";
import { refuse, type TaskRefusal } from "./behaviour.js";
import type { EmulatedItem, EmulatedSite, Task } from "./state.js";

/** What an item needs at a site. An address that is not required is left out when it is taken. */
export type Wanted = Omit<Occupancy, "addresses"> & { addresses: KeptAddress[] };

const NOTHING = { names: [], addresses: [], cores: 0, networkInterfaces: 0, memory: null, disks: null };

/**
 * What an item takes at a site, now or when the operation under way has ended. Null when its import says all about it:
 * at its recovery site it has nothing, or at home it has been since.
 */
export const wantedAt = (state: EmulatedItem, site: PlainSite): Wanted | null =>
  withTestCopy(state, site, site.id === state.item.targetSiteId ? wantedAway(state, site) : wantedAtHome(state));

type PlainSite = Pick<Site, "id" | "networks" | "sizes">;

/** What of `wantedAt` follows from the state alone, to see what a change of state changes. */
export const outlineAt = (state: EmulatedItem, siteId: string): Wanted | null =>
  wantedAt(state, { id: siteId, networks: [], sizes: [] });

/** Whether a need is within another one, so that nothing more has to be taken. */
export function isWithin(wanted: Wanted | null, other: Wanted | null): boolean {
  if (wanted === null) return true;
  if (other === null) return false;
  const addresses = new Set(other.addresses.map(({ networkId, address }) => `${networkId}/${address}`));
  return (
    wanted.names.every((name) => other.names.includes(name)) &&
    wanted.addresses.every(({ networkId, address }) => addresses.has(`${networkId}/${address}`)) &&
    wanted.cores <= other.cores &&
    wanted.networkInterfaces <= other.networkInterfaces &&
    (wanted.memory?.memoryMb ?? 0) <= (other.memory?.memoryMb ?? 0) &&
    (wanted.disks === null || canonicalJson(wanted.disks) === canonicalJson(other.disks))
  );
}

const runs = ({ tasks }: EmulatedItem, ...operations: OperationName[]): Task | undefined =>
  Object.values(tasks).find((task) => task.state === "running" && operations.includes(task.operation));

const isPromoting = (state: EmulatedItem): boolean => runs(state, "promote-replica", "promote-test-copy") !== undefined;

const isCommitted = ({ promotedFrom, pointsDeleted }: EmulatedItem): boolean => promotedFrom !== null && pointsDeleted;

/** A machine takes all of it while it exists, also when it is off. */
function hasMachineAway(state: EmulatedItem): boolean {
  if (state.leftBehind.includes("machine")) return true;
  if (state.direction === "recovery-to-primary") return !isCommitted(state);
  return state.promotedFrom !== null || isPromoting(state);
}

/** The network of the test copy of an item, at the site that receives its replication; undefined without a copy. */
const testNetworkAt = (state: EmulatedItem, { id }: PlainSite): string | undefined =>
  state.replica.siteId === id
    ? (state.testCopies[0]?.networkId ?? runs(state, "create-test-copy")?.params.networkId)
    : undefined;

/**
 * What one more machine of the item takes while a test runs. On a network that was made for the test, it is alone. A copy
 * that is being promoted is the machine itself, so its cores and interfaces count once, and it keeps its name until then.
 */
function withTestCopy(state: EmulatedItem, site: PlainSite, wanted: Wanted | null): Wanted | null {
  const networkId = testNetworkAt(state, site);
  if (networkId === undefined) return wanted;
  const { item, machine } = state;
  const targets = interfaceTargets(item, machine);
  const isShared = networkId === item.target.testNetworkId;
  const more = runs(state, "promote-test-copy") === undefined ? 1 : 0;
  const { names, addresses, cores, networkInterfaces, ...others } = wanted ?? { ...NOTHING, itemId: item.id };
  return {
    ...others,
    names: [...names, testNameOf(item.target.name ?? machine.name)],
    addresses: [...addresses, ...(isShared ? keptAddresses(targets, site.networks, { isolated: true }) : [])],
    cores: cores + more * (sizeAt(state, site)?.cpus ?? machine.cpus),
    networkInterfaces: networkInterfaces + more * carriedInterfaces(targets).length,
  };
}

function wantedAway(state: EmulatedItem, site: PlainSite): Wanted | null {
  if (!hasMachineAway(state)) return null;
  const { item, machine } = state;
  const targets = interfaceTargets(item, machine);
  return {
    ...NOTHING,
    itemId: item.id,
    names: [item.target.name ?? machine.name],
    addresses: keptAddresses(targets, site.networks, { isolated: false }),
    cores: sizeAt(state, site)?.cpus ?? machine.cpus,
    networkInterfaces: carriedInterfaces(targets).length,
  };
}

function wantedAtHome(state: EmulatedItem): Wanted | null {
  const { item, machine, direction, cameHome, homeDatastoreId } = state;
  const isBack = direction === "recovery-to-primary" && (state.promotedFrom !== null || isPromoting(state));
  const isThere = isBack || (direction === "primary-to-recovery" && !isCommitted(state));
  const created = runs(state, "reverse-replication")?.params;
  const isCreating = created?.newMachine === true && direction === "primary-to-recovery";
  const datastoreId = (isCreating ? created.datastoreId : undefined) ?? homeDatastoreId;
  if (isThere && !isBack && !cameHome && datastoreId === null) return null;
  const sizeGb = machine.disks.reduce((sum, disk) => sum + disk.sizeGb, 0);
  const disks = datastoreId === null ? null : { datastoreId, sizeGb };
  if (!isThere) return { ...NOTHING, itemId: item.id, disks };
  return {
    itemId: item.id,
    names: [machine.name],
    addresses: addressesAtHome(state),
    cores: machine.cpus,
    networkInterfaces: machine.nics.length,
    memory: machine.hostId === undefined ? null : { hostId: machine.hostId, memoryMb: machine.memoryMb },
    disks,
  };
}

/** A machine that comes home through a master target uses DHCP, until somebody sets its addresses again (V8). */
function addressesAtHome({ item, machine, direction, conditions }: EmulatedItem): KeptAddress[] {
  const lost = SCENARIO_TRAITS[item.scenario].failbackThrough === "master-target";
  const usesDhcp = direction === "recovery-to-primary" || conditions.some(({ type }) => type === "address-is-dhcp");
  if (lost && usesDhcp) return [];
  return machine.nics.flatMap(({ networkId, ip, assignment }) =>
    assignment === "static" && ip !== undefined ? [{ networkId, address: ip, required: true }] : [],
  );
}

/** A site with everything that is taken there. */
export interface Room {
  site: EmulatedSite;
  taken: readonly Occupancy[];
}

/** What an item gets; or why it gets nothing, and the items whose machines are in its way. */
export type Decision = { granted: Occupancy } | { refusal: TaskRefusal; holders: string[] };

export function decide(room: Room, wanted: Wanted): Decision {
  const problem = nameClash(room, wanted) ?? addressClash(room, wanted) ?? shortage(room, wanted);
  if (problem !== null) return problem;
  const addresses = wanted.addresses
    .filter((one) => one.required || isFree(room, wanted, one))
    .map(({ networkId, address }) => ({ networkId, address }));
  return { granted: { ...wanted, addresses } };
}

type Problem = Extract<Decision, { refusal: TaskRefusal }>;

function nameClash({ site, taken }: Room, { itemId, names }: Wanted): Problem | null {
  for (const name of names) {
    const isIt = (other: string): boolean => other.toLowerCase() === name.toLowerCase();
    const holder = taken.find((other) => other.itemId !== itemId && other.names.some(isIt));
    if (holder !== undefined) {
      const text = `${site.id} already has a machine named ${name}, that of item ${holder.itemId}`;
      return { refusal: refuse("name-taken", text), holders: [holder.itemId] };
    }
  }
  return null;
}

const isFree = ({ site, taken }: Room, { itemId }: Wanted, one: KeptAddress): boolean =>
  addressHolder({ taken, machineAddresses: site.machineAddresses }, one, itemId) === null;

function addressClash({ site, taken }: Room, { itemId, addresses }: Wanted): Problem | null {
  for (const one of addresses.filter(({ required }) => required)) {
    const holder = addressHolder({ taken, machineAddresses: site.machineAddresses }, one, itemId);
    if (holder === null) continue;
    const whose = holder.itemId === null ? "a machine that is not protected" : `item ${holder.itemId}`;
    const refusal = refuse("address-taken", `${one.address} in ${one.networkId} at ${site.id} is in use by ${whose}`);
    return { refusal, holders: holder.itemId === null ? [] : [holder.itemId] };
  }
  return null;
}

function shortage({ site: { site }, taken }: Room, wanted: Wanted): Problem | null {
  const { quota } = site;
  const own = new Set([wanted.itemId]);
  const before = taken.find(({ itemId }) => itemId === wanted.itemId);
  const short = (
    what: (amount: number) => string,
    limit: number | undefined,
    amountOf: (one: Omit<Occupancy, "addresses">) => number,
  ): Problem | null => {
    const needed = amountOf(wanted);
    // What an item has already is not asked for again.
    if (limit === undefined || needed <= (before === undefined ? 0 : amountOf(before))) return null;
    const { amount, itemIds } = takenByOthers(taken, own, amountOf);
    const left = limit - amount;
    if (needed <= left) return null;
    const text = `item ${wanted.itemId} needs ${what(needed)} at ${site.id}, and ${freeInWords(left)}`;
    return { refusal: refuse("capacity-exceeded", `${text}${takenBy(itemIds, "the others are")}`), holders: itemIds };
  };
  const host = site.hosts.find(({ id }) => id === wanted.memory?.hostId);
  const datastore = site.datastores.find(({ id }) => id === wanted.disks?.datastoreId);
  return (
    short(
      (amount) => counted(amount, "core"),
      leftOf(quota?.cores, quota?.coresUsed),
      ({ cores }) => cores,
    ) ??
    short(
      (amount) => counted(amount, "interface"),
      leftOf(quota?.networkInterfaces, quota?.networkInterfacesUsed),
      ({ networkInterfaces }) => networkInterfaces,
    ) ??
    short((amount) => `${amount} MB on host ${host?.id}`, host?.freeMemoryMb, memoryOn(host?.id ?? "")) ??
    short((amount) => `${amount} GB on datastore ${datastore?.id}`, datastore?.freeGb, diskGbOn(datastore?.id ?? ""))
  );
}

const leftOf = (limit: number | undefined, used = 0): number | undefined =>
  limit === undefined ? undefined : limit - used;
