import type { World } from "../../../src/domain/worlds/world.js";
import type { EmulatedItem } from "../../../src/hypervisor/emulator/state.js";
import type { Facts } from "./facts.js";
import { moment, type Violation, violation } from "./violation.js";

/** A machine of an item that runs at its recovery site. */
interface Started {
  itemId: string;
  siteId: string;
  name: string;
  /** The address that the target settings ask for, with its network. */
  address: string | null;
  cores: number;
}

/** Its target size, or the smallest one that is large enough. */
function coresOf({ item, machine }: EmulatedItem, { sites }: World): number {
  const sizes = sites.find(({ id }) => id === item.targetSiteId)?.sizes ?? [];
  const asked = sizes.filter(({ name }) => name === item.target.size);
  const enough = sizes.filter(({ cpus, memoryMb }) => cpus >= machine.cpus && memoryMb >= machine.memoryMb);
  const cores = (asked.length > 0 ? asked : enough).map(({ cpus }) => cpus);
  return cores.length === 0 ? machine.cpus : Math.min(...cores);
}

function startedBy(state: EmulatedItem, world: World): Started[] {
  const { id, item, machine, source, replica, testCopies } = state;
  const siteId = item.targetSiteId;
  const base = { itemId: id, siteId, cores: coresOf(state, world) };
  const name = item.target.name ?? machine.name;
  const { ip, networkId } = item.target;
  const address = ip === undefined ? null : `${networkId}/${ip}`;
  const isOn = [source, replica].some((copy) => copy.siteId === siteId && copy.power === "on" && copy.writable);
  const tests = replica.siteId === siteId ? testCopies.filter(({ power }) => power === "on") : [];
  return [
    ...(isOn ? [{ ...base, name, address }] : []),
    ...tests.map((copy) => ({ ...base, name: copy.name, address: null })),
  ];
}

function twice(machines: readonly Started[], what: "name" | "address"): string[] {
  const owners = new Map<string, string>();
  return machines.flatMap((machine) => {
    const value = machine[what]?.toLowerCase();
    if (value === undefined) return [];
    const key = `${machine.siteId} ${value}`;
    const owner = owners.get(key);
    owners.set(key, machine.itemId);
    return owner === undefined ? [] : [`${owner} and ${machine.itemId} had the ${what} ${value} at ${machine.siteId}`];
  });
}

function beyondQuota(machines: readonly Started[], { sites }: World): string[] {
  return sites.flatMap(({ id, quota }) => {
    if (quota?.cores === undefined) return [];
    const there = machines.filter(({ siteId }) => siteId === id);
    const cores = there.reduce((sum, machine) => sum + machine.cores, quota.coresUsed);
    if (there.length === 0 || cores <= quota.cores) return [];
    return [`${there.map(({ itemId }) => itemId).join(", ")} had ${cores} of ${quota.cores} cores at ${id}`];
  });
}

/** I27: two started machines never share a name or an address at a site, and their cores are within its quota. */
export function sitesAreShared({ evidence, items }: Facts): Violation[] {
  const loads = new Set(items.map(({ item }) => item.load));
  return [...loads].flatMap((load) => {
    const writes = items
      .filter(({ item }) => item.load === load)
      .flatMap(({ item }) => item.states)
      .sort((a, b) => a.atMs - b.atMs);
    const started = new Map<string, Started[]>();
    for (const [index, { atMs, state }] of writes.entries()) {
      started.set(state.id, startedBy(state, evidence.world));
      // Writes of one moment belong together.
      if (writes[index + 1]?.atMs === atMs) continue;
      const machines = [...started.values()].flat();
      const [what] = [
        ...twice(machines, "name"),
        ...twice(machines, "address"),
        ...beyondQuota(machines, evidence.world),
      ];
      if (what !== undefined) return [violation("I27", `${what} at ${moment(atMs)}`, machines)];
    }
    return [];
  });
}
