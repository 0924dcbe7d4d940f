import { beforeEach, describe, expect, test } from "vitest";
import { isInRange, targetSubnetOf } from "../../../src/domain/prerequisite-looks.js";
import { checkPrerequisites, PREREQUISITES } from "../../../src/domain/prerequisites.js";
import type { EstateSnapshot, ItemSnapshot, SiteSnapshot } from "../../../src/domain/snapshot.js";
import type { Verb } from "../../../src/domain/vocabulary.js";
import type { World } from "../../../src/domain/world.js";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { HandClock, shopPlan, shopWorld, smallWorld } from "../../suites/world.js";

async function estateOf(world: World): Promise<EstateSnapshot> {
  const estate = createEmulator({
    tables: createMemoryTables(),
    clock: new HandClock(),
    speed: 1,
    durations: "zero",
  });
  await estate.loadWorld(world);
  return estate.describeEstate(
    world.id,
    world.items.map(({ id }) => id),
  );
}

type Spoil = (item: ItemSnapshot, target: SiteSnapshot, source: SiteSnapshot) => void;

/** Each breaks exactly one prerequisite of `item-1`. */
const SPOILED: Record<string, { spoil: Spoil; verb?: Verb; found: string }[]> = {
  "machine-name": [
    { spoil: ({ item }) => (item.target.name = "a-name-of-16-char"), found: "at most 15" },
    { spoil: ({ item }) => (item.target.name = "web 01"), found: "other than letters" },
  ],
  "name-clash": [
    { spoil: ({ item }, { machineNames }) => machineNames.push("VM-1") && item, found: "is at away already" },
    { spoil: ({ item }) => (item.target.name = "vm-2"), found: "item item-2 has the target name vm-2 too" },
  ],
  "operating-system": [{ spoil: ({ machine }) => (machine.os = "OS/2 Warp 4"), found: "OS/2" }],
  "os-disk-size": [
    {
      spoil: ({ machine }) => Object.assign(machine.disks[0] ?? {}, { sizeGb: 4_097 }),
      found: "4096 GB are taken with uefi",
    },
    {
      spoil: ({ machine }) => {
        machine.boot = "bios";
        Object.assign(machine.disks[0] ?? {}, { sizeGb: 2_049 });
      },
      found: "2048 GB are taken with bios",
    },
  ],
  "data-disk-size": [
    {
      spoil: ({ machine }) => Object.assign(machine.disks[1] ?? {}, { sizeGb: 40_000 }),
      found: "disk data has 40000 GB",
    },
  ],
  "disk-count": [
    {
      spoil: ({ machine }) =>
        machine.disks.push(...Array.from({ length: 8 }, (_, n) => ({ name: `d${n}`, sizeGb: 1 }))),
      found: "9 data disks, its size takes 8",
    },
  ],
  "machine-size": [
    { spoil: ({ item }) => (item.target.size = "M128"), found: "the size M128 is not on offer" },
    { spoil: ({ machine }) => (machine.cpus = 96), found: "no size at away has 96 CPUs" },
  ],
  "target-network": [
    { spoil: ({ item }) => delete item.target.networkId, found: "name no network" },
    { spoil: ({ item }) => (item.target.networkId = "gone"), found: "the network gone is not at away" },
  ],
  "target-subnet": [{ spoil: ({ item }) => (item.target.subnet = "gone"), found: "has no subnet gone" }],
  "target-address": [
    { spoil: ({ item }) => (item.target.ip = "10.9.0.1"), found: "10.9.0.1 is not in subnet a" },
    { spoil: ({ item }) => (item.target.ip = "10.2.0.9"), found: "item item-2 has the address 10.2.0.9 too" },
  ],
  "resource-group": [{ spoil: ({ item }) => (item.target.resourceGroup = "gone"), found: "resource group gone" }],
  "availability-set": [{ spoil: ({ item }) => (item.target.availabilitySet = "gone"), found: "availability set gone" }],
  "test-network": [
    { spoil: ({ item }) => (item.target.testNetworkId = "gone"), verb: "test-failover", found: "test network gone" },
  ],
  "core-quota": [
    {
      spoil: (_, { site }) => (site.quota = { cores: 9, coresUsed: 2, networkInterfacesUsed: 0 }),
      found: "8 cores at away and 7",
    },
  ],
  "interface-quota": [
    {
      spoil: (_, { site }) => (site.quota = { coresUsed: 0, networkInterfaces: 5, networkInterfacesUsed: 4 }),
      found: "2 interfaces at away and 1",
    },
  ],
  "target-site": [{ spoil: (_, target) => (target.reachable = false), found: "away cannot be reached" }],
  "source-site": [{ spoil: (_, __, source) => (source.reachable = false), found: "home cannot be reached" }],
  "recovery-point": [{ spoil: ({ replication }) => (replication.newestPoint = null), found: "no recovery point yet" }],
  "no-test-copies": [
    {
      spoil: ({ testCopies }) => testCopies.push({ executionId: "x", networkId: "n", power: "off" }),
      found: "earlier test is still there",
    },
  ],
  "rpo-threshold": [{ spoil: ({ replication }) => (replication.rpoSeconds = 1_800), found: "1800 s old" }],
};

describe("P3: prerequisites", () => {
  let estate: EstateSnapshot;
  const subject = (): [ItemSnapshot, SiteSnapshot, SiteSnapshot] => {
    const [item] = estate.items;
    const site = (id: string | undefined) => estate.sites.find((candidate) => candidate.site.id === id);
    const [target, source] = [site("away"), site("home")];
    if (item === undefined || target === undefined || source === undefined) throw new Error("incomplete");
    return [item, target, source];
  };

  beforeEach(async () => {
    estate = structuredClone(await estateOf(smallWorld(2)));
    const second = estate.items[1];
    if (second !== undefined) second.item.target.ip = "10.2.0.9";
  });

  test("the catalogue has a test that breaks each row, and no code twice", () => {
    expect(PREREQUISITES.map(({ code }) => code).sort()).toEqual(Object.keys(SPOILED).sort());
  });

  test.each(["test-failover", "planned-failover", "unplanned-failover", "commit"] as const)(
    "are all met for %s in a sound estate",
    (verb) => {
      expect(checkPrerequisites(estate, verb)).toEqual([]);
    },
  );

  const cases = Object.entries(SPOILED).flatMap(([code, spoils]) => spoils.map((spoil) => ({ code, ...spoil })));
  test.each(cases)("$code: $found", ({ code, spoil, verb, found }) => {
    spoil(...subject());
    const findings = checkPrerequisites(estate, verb ?? "planned-failover").filter(({ itemId }) => itemId === "item-1");
    expect(findings.map((finding) => finding.code)).toEqual([code]);
    const [finding] = findings;
    expect(finding?.found).toContain(found);
    expect(finding?.why.length).toBeGreaterThan(10);
    expect(finding?.fix.length).toBeGreaterThan(10);
  });

  test("a source that cannot be reached keeps only a planned failover from starting, and names the other verb", () => {
    const [, , source] = subject();
    source.reachable = false;
    expect(checkPrerequisites(estate, "planned-failover")[0]).toMatchObject({ fixedBy: "unplanned-failover" });
    expect(checkPrerequisites(estate, "unplanned-failover")).toEqual([]);
  });

  test("a site that offers no list of sizes takes any, and its own quota counts the machine's CPUs", () => {
    const [item, target] = subject();
    target.site.sizes = [];
    item.machine.cpus = 96;
    target.site.quota = { cores: 97, coresUsed: 0, networkInterfacesUsed: 0 };
    expect(checkPrerequisites(estate, "planned-failover").map(({ code }) => code)).toEqual([
      "core-quota",
      "core-quota",
    ]);
  });

  test("a snapshot that lacks a site is a mistake of the caller", () => {
    expect(() => checkPrerequisites({ ...estate, sites: [] }, "planned-failover")).toThrow("lacks a site");
  });

  test("the shop's plan may start", async () => {
    const shop = await estateOf(shopWorld());
    expect(shopPlan().groups.flatMap(({ items }) => items)).toHaveLength(shop.items.length);
    for (const verb of ["test-failover", "planned-failover", "unplanned-failover"] as const) {
      expect(checkPrerequisites(shop, verb)).toEqual([]);
    }
  });

  test("the smallest size that is large enough is taken: fewest CPUs, then least memory", () => {
    const [item, target] = subject();
    const size = (name: string, cpus: number, memoryMb: number, maxDataDisks: number) => ({
      name,
      cpus,
      memoryMb,
      maxDataDisks,
    });
    target.site.sizes = [size("E4", 4, 32_768, 9), size("D4", 4, 16_384, 0), size("D2", 2, 4_096, 9)];
    expect(checkPrerequisites(estate, "planned-failover").map(({ found }) => found)).toContain(
      "the machine has 1 data disks, its size takes 0",
    );
    target.site.sizes = [];
    item.machine.disks.push(...Array.from({ length: 64 }, (_, n) => ({ name: `d${n}`, sizeGb: 1 })));
    expect(checkPrerequisites(estate, "planned-failover").map(({ found }) => found)).toEqual([
      "the machine has 65 data disks, its size takes 64",
    ]);
  });

  test("a subnet of the same name is chosen, else the first by name (B.6)", () => {
    const [item, target] = subject();
    const network = target.site.networks[0];
    if (network === undefined) throw new Error("no network");
    network.subnets = [
      { name: "z", range: "10.2.3.0/24" },
      { name: "b", range: "10.2.2.0/24" },
    ];
    expect(targetSubnetOf(item.item, item, target)?.name).toBe("b");
    network.subnets.push({ name: "a", range: "10.2.1.0/24" });
    expect(targetSubnetOf(item.item, item, target)?.name).toBe("a");
  });

  test.each([
    ["10.2.0.9", "10.2.0.0/24", true],
    ["10.2.1.9", "10.2.0.0/24", false],
    ["255.255.255.255", "0.0.0.0/0", true],
    ["10.0.0.1", "10.0.0.1/32", true],
  ])("%s in %s: %s", (address, range, expected) => {
    expect(isInRange(address, range)).toBe(expected);
  });
});
