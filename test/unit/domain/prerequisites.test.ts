import { beforeEach, describe, expect, test } from "vitest";
import type { AskedOptions, KnownItem } from "../../../src/domain/prerequisite.js";
import { targetSubnetOf } from "../../../src/domain/prerequisite-looks.js";
import {
  checkPrerequisites,
  type Known,
  PREREQUISITES,
  reportPrerequisites,
} from "../../../src/domain/prerequisites.js";
import type { EstateSnapshot, ItemSnapshot, SiteSnapshot } from "../../../src/domain/snapshot.js";
import type { Scenario, Verb } from "../../../src/domain/vocabulary.js";
import { World } from "../../../src/domain/world.js";
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

interface Spoiled {
  item: ItemSnapshot;
  /** The site it goes to, and the one it runs at. */
  target: SiteSnapshot;
  source: SiteSnapshot;
  estate: EstateSnapshot;
  known: KnownItem;
}

interface Case {
  spoil: (subject: Spoiled) => unknown;
  found: string;
  verb?: Verb;
  scenario?: Scenario;
  options?: AskedOptions;
}

const masterTarget = ({ target }: Spoiled) => {
  const [first] = target.site.masterTargets;
  if (first === undefined) throw new Error("incomplete");
  return first;
};
const host = ({ target }: Spoiled) => {
  const [first] = target.site.hosts;
  if (first === undefined) throw new Error("incomplete");
  return first;
};
const link = ({ estate }: Spoiled) => {
  const [first] = estate.links;
  if (first === undefined) throw new Error("incomplete");
  return first;
};

/** A home site through which machines come back, and a process server in Azure. */
function withTopology(world: World): World {
  return World.parse({
    ...world,
    sites: world.sites.map((site) =>
      site.id === "home"
        ? {
            ...site,
            hosts: [{ id: "esx", cpus: 32, memoryMb: 131_072, freeMemoryMb: 65_536 }],
            datastores: [{ id: "ssd", capacityGb: 9_000, freeGb: 4_000 }],
            vCenter: { id: "vcenter" },
            configurationServer: { id: "config" },
            masterTargets: [{ id: "mt", osFamily: "windows", hostId: "esx", retentionDrive: "R" }],
          }
        : { ...site, processServers: [{ id: "ps" }] },
    ),
    machines: world.machines.map((machine) => ({ ...machine, hostId: "esx", datastoreId: "ssd" })),
  });
}

/** Each breaks exactly one prerequisite of `item-1`. */
const SPOILED: Record<string, Case[]> = {
  "machine-name": [
    { spoil: ({ item }) => (item.item.target.name = "a-name-of-16-char"), found: "at most 15" },
    { spoil: ({ item }) => (item.item.target.name = "web 01"), found: "other than letters" },
  ],
  "name-clash": [
    { spoil: ({ target }) => target.machineNames.push("VM-1"), found: "is at away already" },
    { spoil: ({ item }) => (item.item.target.name = "vm-2"), found: "item item-2 has the target name vm-2 too" },
  ],
  "operating-system": [{ spoil: ({ item: { machine } }) => (machine.os = "OS/2 Warp 4"), found: "OS/2" }],
  "os-disk-size": [
    {
      spoil: ({ item: { machine } }) => Object.assign(machine.disks[0] ?? {}, { sizeGb: 4_097 }),
      found: "4096 GB are taken with uefi",
    },
    {
      spoil: ({ item: { machine } }) => {
        machine.boot = "bios";
        Object.assign(machine.disks[0] ?? {}, { sizeGb: 2_049 });
      },
      found: "2048 GB are taken with bios",
    },
  ],
  "data-disk-size": [
    {
      spoil: ({ item: { machine } }) => Object.assign(machine.disks[1] ?? {}, { sizeGb: 40_000 }),
      found: "disk data has 40000 GB",
    },
  ],
  "disk-count": [
    {
      spoil: ({ item: { machine } }) =>
        machine.disks.push(...Array.from({ length: 8 }, (_, n) => ({ name: `d${n}`, sizeGb: 1 }))),
      found: "9 data disks, its size takes 8",
    },
  ],
  "machine-size": [
    { spoil: ({ item }) => (item.item.target.size = "M128"), found: "the size M128 is not on offer" },
    { spoil: ({ item: { machine } }) => (machine.cpus = 96), found: "no size at away has 96 CPUs" },
  ],
  "target-network": [
    { spoil: ({ item }) => delete item.item.target.networkId, found: "name no network" },
    { spoil: ({ item }) => (item.item.target.networkId = "gone"), found: "the network gone is not at away" },
  ],
  "target-subnet": [{ spoil: ({ item }) => (item.item.target.subnet = "gone"), found: "has no subnet gone" }],
  "target-address": [
    { spoil: ({ item }) => (item.item.target.ip = "10.9.0.1"), found: "10.9.0.1 is not in subnet a" },
    { spoil: ({ item }) => (item.item.target.ip = "10.2.0.9"), found: "item item-2 has the address 10.2.0.9 too" },
  ],
  "resource-group": [{ spoil: ({ item }) => (item.item.target.resourceGroup = "gone"), found: "resource group gone" }],
  "availability-set": [
    { spoil: ({ item }) => (item.item.target.availabilitySet = "gone"), found: "availability set gone" },
  ],
  "test-network": [
    {
      spoil: ({ item }) => (item.item.target.testNetworkId = "gone"),
      verb: "test-failover",
      found: "test network gone",
    },
  ],
  "core-quota": [
    {
      spoil: ({ target: { site } }) => (site.quota = { cores: 9, coresUsed: 2, networkInterfacesUsed: 0 }),
      found: "8 cores at away and 7",
    },
  ],
  "interface-quota": [
    {
      spoil: ({ target: { site } }) => (site.quota = { coresUsed: 0, networkInterfaces: 5, networkInterfacesUsed: 4 }),
      found: "2 interfaces at away and 1",
    },
  ],
  "target-site": [{ spoil: ({ target }) => (target.reachable = false), found: "away cannot be reached" }],
  "source-site": [{ spoil: ({ source }) => (source.reachable = false), found: "home cannot be reached" }],
  "recovery-point": [
    { spoil: ({ item: { replication } }) => (replication.newestPoint = null), found: "no recovery point yet" },
  ],
  "no-test-copies": [
    {
      spoil: ({ item: { testCopies } }) => testCopies.push({ executionId: "x", networkId: "n", power: "off" }),
      found: "earlier test is still there",
    },
  ],
  "rpo-threshold": [{ spoil: ({ item: { replication } }) => (replication.rpoSeconds = 1_800), found: "1800 s old" }],
  "availability-set-family": [
    {
      spoil: ({ item, target, estate }) => {
        target.site.sizes.push({ name: "E8", cpus: 8, memoryMb: 65_536, maxDataDisks: 8 });
        for (const { item: protectedItem } of estate.items) protectedItem.target.availabilitySet = "set";
        item.item.target.size = "E8";
      },
      found: "sizes of the families D, E",
    },
  ],
  "disks-covered": [
    { spoil: ({ item }) => (item.item.protectedDisks = ["system"]), found: "1 of 2 disks, without data" },
  ],
  "replication-health": [
    { spoil: ({ item }) => (item.replication.state = "stopped"), found: "item-1 does not replicate" },
  ],
  untested: [{ spoil: ({ known }) => (known.lastTestFailoverAt = null), found: "never been tested" }],
  "untested-acknowledged": [
    {
      spoil: ({ known }) => (known.lastTestFailoverAt = null),
      verb: "unplanned-failover",
      scenario: "azure-to-azure",
      found: "never been tested",
    },
  ],
  "vmm-connected": [
    {
      spoil: ({ source }) => (source.site.vmmServer = { id: "vmm-1", connected: false }),
      scenario: "hyperv-to-hyperv",
      found: "vmm-1 is not connected",
    },
  ],
  "vmware-site": [
    {
      spoil: ({ target }) => (target.site.hosts = []),
      verb: "failback",
      found: "home has no ESXi host",
    },
  ],
  "failback-link": [
    { spoil: ({ estate }) => (estate.links = []), verb: "reprotect", found: "joins away and home" },
    {
      spoil: (subject) => Object.assign(link(subject), { kind: "expressroute", peerings: ["public"] }),
      verb: "failback",
      found: "no ExpressRoute with private peering",
    },
  ],
  "link-connected": [
    { spoil: (subject) => (link(subject).connected = false), verb: "failback", found: "vpn is not connected" },
  ],
  "process-server": [
    {
      spoil: ({ source }) => (source.site.processServers = []),
      verb: "reprotect",
      found: "away has no process server",
    },
    {
      spoil: () => undefined,
      options: { processServerId: "other" },
      verb: "reprotect",
      found: "no process server other",
    },
  ],
  "process-server-place": [
    {
      spoil: (subject) => {
        subject.target.site.processServers = subject.source.site.processServers;
        subject.source.site.processServers = [];
        link(subject).kind = "expressroute";
      },
      verb: "reprotect",
      found: "at the far end of ExpressRoute",
    },
  ],
  "process-server-ports": [
    {
      spoil: ({ source }) => (source.site.processServers = [{ id: "ps", openPorts: [443] }]),
      verb: "reprotect",
      found: "ps does not listen on 9443",
    },
  ],
  "master-target": [
    { spoil: () => undefined, options: { masterTargetId: "gone" }, verb: "reprotect", found: "no master target gone" },
    { spoil: ({ target }) => (target.site.masterTargets = []), verb: "reprotect", found: "home has no master target" },
  ],
  "master-target-system": [
    {
      spoil: (subject) => (masterTarget(subject).osFamily = "linux"),
      verb: "reprotect",
      found: "mt runs linux, the machine windows",
    },
  ],
  "master-target-disks": [
    { spoil: (subject) => (masterTarget(subject).attachedDisks = 59), verb: "reprotect", found: "61 disks of 60" },
  ],
  "master-target-uuid": [
    {
      spoil: (subject) => {
        Object.assign(masterTarget(subject), { osFamily: "linux", diskEnableUuid: false });
        subject.item.machine.osFamily = "linux";
      },
      verb: "reprotect",
      found: "disk.EnableUUID of master target mt",
    },
  ],
  "master-target-vmotion": [
    { spoil: (subject) => (masterTarget(subject).storageVMotion = true), verb: "failback", found: "storage vMotion" },
  ],
  "retention-drive": [
    { spoil: (subject) => delete masterTarget(subject).retentionDrive, verb: "reprotect", found: "no retention drive" },
    { spoil: () => undefined, options: { retentionDrive: "Z" }, verb: "reprotect", found: "drive R, not Z" },
  ],
  datastore: [
    {
      spoil: () => undefined,
      options: { location: "alternate", datastoreId: "gone" },
      verb: "reprotect",
      found: "home has no datastore gone",
    },
    {
      spoil: () => undefined,
      options: { location: "alternate" },
      verb: "reprotect",
      found: "vm-1 is made anew at home, so a datastore must be given",
    },
  ],
  "datastore-reach": [
    {
      spoil: (subject) => (masterTarget(subject).datastoreIds = []),
      verb: "reprotect",
      found: "mt cannot read and write datastore ssd",
    },
    { spoil: (subject) => (host(subject).datastoreIds = []), verb: "failback", found: "does not reach datastore ssd" },
  ],
  "datastore-space": [
    {
      spoil: ({ target }) => (target.site.datastores = [{ id: "ssd", capacityGb: 500, freeGb: 200 }]),
      options: { location: "alternate", datastoreId: "ssd" },
      verb: "reprotect",
      found: "needs 300 GB, ssd has 200",
    },
  ],
  "host-memory": [
    { spoil: (subject) => (host(subject).freeMemoryMb = 4_096), verb: "failback", found: "esx has 4096 MB free" },
  ],
  "host-licence": [
    { spoil: (subject) => (host(subject).licence = "free"), verb: "failback", found: "esx has the free licence" },
  ],
  "hosts-discovered": [
    {
      spoil: ({ target, item }) => {
        item.machine.form = "physical";
        target.site.configurationServer = { id: "config", forgotten: [], hostsDiscovered: false };
      },
      scenario: "physical-to-azure",
      options: { datastoreId: "ssd" },
      verb: "reprotect",
      found: "the hosts of home were not discovered",
    },
  ],
  "discovery-account": [
    {
      spoil: ({ target }) => (target.site.vCenter = { id: "vcenter", accountRole: "read-only" }),
      verb: "reprotect",
      found: "at vcenter is read-only",
    },
  ],
  "configuration-server-knows": [
    {
      spoil: ({ target }) =>
        (target.site.configurationServer = { id: "config", forgotten: ["vm-1"], hostsDiscovered: true }),
      verb: "failback",
      found: "config does not know vm-1",
    },
  ],
  "no-snapshots": [{ spoil: ({ item }) => (item.machine.snapshots = 2), verb: "reprotect", found: "2 snapshots" }],
  "home-name-clash": [
    {
      spoil: ({ target }) => target.site.existingMachines.push("VM-1"),
      options: { location: "alternate", datastoreId: "ssd" },
      verb: "reprotect",
      found: "another machine named vm-1 is at home",
    },
  ],
  "agent-registered": [
    { spoil: ({ item }) => (item.agentRegistered = false), verb: "reprotect", found: "agent not installed" },
  ],
  "machine-running": [
    { spoil: ({ item }) => (item.replica.power = "off"), verb: "reprotect", found: "vm-1 is stopped at away" },
    { spoil: ({ item }) => (item.replica.heartbeat = "none"), verb: "reprotect", found: "does not answer" },
  ],
  "active-site": [
    { spoil: ({ source }) => (source.reachable = false), verb: "reprotect", found: "away cannot be reached" },
  ],
  "storage-peering": [
    {
      spoil: (subject) => Object.assign(link(subject), { kind: "expressroute" }),
      verb: "enable-replication",
      found: "vpn has private peering only",
    },
  ],
  "address-lost": [
    {
      spoil: ({ item }) => Object.assign(item.machine.nics[0] ?? {}, { assignment: "static" }),
      verb: "failback",
      found: "which is DHCP after the way home",
    },
  ],
  "network-manager": [
    {
      spoil: (subject) => {
        masterTarget(subject).osFamily = "linux";
        Object.assign(subject.item.machine, { osFamily: "linux", networkManagerPackage: false });
      },
      verb: "failback",
      found: "lacks the NetworkManager package",
    },
  ],
};

/** The state of an item before a verb, as the estate shows it. */
function readyFor(estate: EstateSnapshot, verb: Verb): void {
  for (const item of estate.items) {
    if (verb === "reprotect") {
      item.replica = { ...item.replica, power: "on", heartbeat: "ok", writable: true };
      item.source = { ...item.source, power: "off", heartbeat: "none", writable: false };
    }
    if (verb === "failback") {
      item.direction = "recovery-to-primary";
      [item.source, item.replica] = [
        { ...item.source, siteId: item.item.targetSiteId },
        { ...item.replica, siteId: item.item.sourceSiteId },
      ];
    }
  }
}

describe("prerequisites (P3, P9 to P11, H4, F1, F2, A1 to A3, V3, V8)", () => {
  let estate: EstateSnapshot;
  let known: Known & { items: Map<string, KnownItem> };
  const subjectAt = (verb: Verb): Spoiled => {
    readyFor(estate, verb);
    const [item] = estate.items;
    const site = (id: string) => estate.sites.find((candidate) => candidate.site.id === id);
    const back = verb === "reprotect" || verb === "failback";
    const [target, source] = [site(back ? "home" : "away"), site(back ? "away" : "home")];
    const its = known.items.get("item-1");
    if (!item || !target || !source || !its) throw new Error("incomplete");
    return { item, target, source, estate, known: its };
  };
  const subject = (): [ItemSnapshot, SiteSnapshot, SiteSnapshot] => {
    const { item, target, source } = subjectAt("planned-failover");
    return [item, target, source];
  };

  beforeEach(async () => {
    estate = structuredClone(await estateOf(withTopology(smallWorld(2))));
    const second = estate.items[1];
    if (second !== undefined) second.item.target.ip = "10.2.0.9";
    const tested = () => ({ state: "protected" as const, lastTestFailoverAt: "2026-01-01T00:00:00.000Z" });
    known = { items: new Map(estate.items.map(({ item }) => [item.id, tested()])), options: {} };
  });

  test("the catalogue has a test that breaks each row, and no code twice", () => {
    expect(PREREQUISITES.map(({ code }) => code).sort()).toEqual(Object.keys(SPOILED).sort());
  });

  const VERBS = ["test-failover", "planned-failover", "unplanned-failover", "reprotect", "failback", "commit"] as const;
  test.each(VERBS)("are all met for %s in a sound estate", (verb) => {
    subjectAt(verb);
    expect(checkPrerequisites(estate, verb, known)).toEqual([]);
  });

  const cases = Object.entries(SPOILED).flatMap(([code, spoils]) => spoils.map((spoil) => ({ code, ...spoil })));
  test.each(cases)("$code: $found", ({ code, spoil, verb = "planned-failover", found, scenario, options = {} }) => {
    const spoiled = subjectAt(verb);
    for (const { item } of estate.items) item.scenario = scenario ?? item.scenario;
    expect(checkPrerequisites(estate, verb, known)).toEqual([]);
    spoil(spoiled);
    const findings = checkPrerequisites(estate, verb, { ...known, options }).filter(
      ({ itemId }) => itemId === "item-1",
    );
    expect(findings.map((finding) => finding.code)).toEqual([code]);
    const [finding] = findings;
    const row = PREREQUISITES.find((candidate) => candidate.code === code);
    expect(finding?.found).toContain(found);
    expect(finding).toMatchObject({ lookedAt: row?.lookedAt, fixedBy: row?.fixedBy, asrCode: row?.asrCode });
    for (const words of [finding?.why, finding?.fix, finding?.lookedAt]) expect(words?.length).toBeGreaterThan(10);
  });

  test("the documented codes stand at their rows, and the verbs that would mend them", () => {
    const asr = new Map(PREREQUISITES.flatMap(({ code, asrCode }) => (asrCode === null ? [] : [[code, asrCode]])));
    expect(Object.fromEntries(asr)).toEqual({
      "machine-size": "150097",
      "target-network": "70038",
      "target-subnet": "28092",
      "availability-set": "28031",
      "availability-set-family": "28031",
      "core-quota": "28031",
      "interface-quota": "28092",
      "link-connected": "95226",
      "datastore-reach": "8061",
      "host-memory": "8038",
      "home-name-clash": "78052",
      "machine-running": "78093",
    });
    const mended = PREREQUISITES.flatMap(({ code, fixedBy }) => (fixedBy === null ? [] : [[code, fixedBy]]));
    expect(Object.fromEntries(mended)).toEqual({
      "source-site": "unplanned-failover",
      "no-test-copies": "test-clean-up",
      "disks-covered": "disable-replication",
      "replication-health": "resynchronise",
      untested: "test-failover",
      "untested-acknowledged": "test-failover",
    });
  });

  test("A3: an acknowledgement makes a failover without a test possible", () => {
    const { item, known: its } = subjectAt("planned-failover");
    item.item.scenario = "azure-to-azure";
    its.lastTestFailoverAt = null;
    const acknowledged = { ...known, options: { acknowledgeNoTest: true } };
    expect(checkPrerequisites(estate, "unplanned-failover", known).map(({ severity }) => severity)).toEqual(["error"]);
    expect(checkPrerequisites(estate, "unplanned-failover", acknowledged)).toEqual([]);
  });

  test("V8: the free licence refuses the failback and only warns of it before", () => {
    host(subjectAt("reprotect")).licence = "free";
    const severities = (verb: Verb) =>
      checkPrerequisites(estate, verb, known).map(({ code, severity }) => [code, severity]);
    expect(severities("planned-failover")).toEqual([]);
    expect(severities("reprotect")).toEqual([
      ["host-licence", "warning"],
      ["host-licence", "warning"],
    ]);
    readyFor(estate, "failback");
    expect(severities("failback")[0]).toEqual(["host-licence", "error"]);
  });

  test("F7: a request that waits for the agent is not kept from starting", () => {
    subjectAt("reprotect").item.agentRegistered = false;
    expect(checkPrerequisites(estate, "reprotect", { ...known, options: { waitForAgent: true } })).toEqual([]);
  });

  test("the report says what was looked at, of how many items, and for how many it is not met", () => {
    subjectAt("planned-failover").item.machine.os = "OS/2 Warp 4";
    const { checked, findings } = reportPrerequisites(estate, "planned-failover", known);
    expect(checked.find(({ code }) => code === "operating-system")).toMatchObject({ items: 2, unmet: 1 });
    expect(checked.every(({ items, lookedAt }) => items === 2 && lookedAt !== "")).toBe(true);
    expect(findings).toHaveLength(1);
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
});
