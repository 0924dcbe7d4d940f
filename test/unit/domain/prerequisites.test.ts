import { beforeEach, describe, expect, test } from "vitest";
import type { EstateSnapshot, ItemSnapshot, SiteSnapshot } from "../../../src/domain/items/snapshot.js";
import type { CheckedRecord } from "../../../src/domain/prerequisites/prerequisite.js";
import {
  checkPrerequisites,
  PREREQUISITES,
  reportPrerequisites,
  type StartContext,
} from "../../../src/domain/prerequisites/prerequisites.js";
import type { Verb } from "../../../src/domain/vocabulary.js";
import { World } from "../../../src/domain/worlds/world.js";
import { createEmulator } from "../../../src/hypervisor/emulator/emulator.js";
import { createMemoryTables } from "../../../src/store/tables/memory-tables.js";
import { host, promoted, readyFor, type Spoiled } from "../../support/broken-estates/snapshot.js";
import { BREAKS_OF_FAILBACK } from "../../support/broken-estates/snapshot-failback.js";
import { BREAKS_OF_FAILOVER } from "../../support/broken-estates/snapshot-failover.js";
import { ManualClock, shopPlan, shopWorld, smallWorld } from "../../support/worlds.js";

async function estateOf(world: World): Promise<EstateSnapshot> {
  const clock = new ManualClock();
  const estate = createEmulator({ tables: createMemoryTables(), clock, speed: 1, durations: "zero" });
  await estate.loadWorld(world);
  return estate.describeEstate(
    world.id,
    world.items.map(({ id }) => id),
  );
}

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
            configurationServer: { id: "config", ip: "10.1.0.5", backup: { takenAt: "2026-01-01T00:00:00.000Z" } },
            masterTargets: [{ id: "mt", osFamily: "windows", hostId: "esx", retentionDrive: "R" }],
          }
        : { ...site, processServers: [{ id: "ps" }] },
    ),
    machines: world.machines.map((machine) => ({ ...machine, hostId: "esx", datastoreId: "ssd" })),
  });
}

const SPOILED = { ...BREAKS_OF_FAILOVER, ...BREAKS_OF_FAILBACK };

describe("prerequisites (P3, P9 to P11, H4, F1, F2, A1 to A3, V3, V8)", () => {
  let estate: EstateSnapshot;
  let known: StartContext & { items: Map<string, CheckedRecord> };
  const subjectAt = (verb: Verb): Spoiled => {
    readyFor(estate, verb);
    const [item] = estate.items;
    const site = (id: string) => estate.sites.find((candidate) => candidate.site.id === id);
    const back = verb === "reprotect" || verb === "failback" || verb === "planned-failback";
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
    const at = "2026-01-01T00:00:00.000Z";
    const tested = () => ({ state: "protected" as const, lastTestFailoverAt: at, lastTestFailbackAt: at });
    known = { items: new Map(estate.items.map(({ item }) => [item.id, tested()])), options: { datastoreId: "ssd" } };
  });

  test("every prerequisite has a test that breaks it, and codes are unique", () => {
    expect(PREREQUISITES.map(({ code }) => code).sort()).toEqual(Object.keys(SPOILED).sort());
  });

  const VERBS = [
    "test-failover",
    "planned-failover",
    "unplanned-failover",
    "reprotect",
    "failback",
    "planned-failback",
    "promote-test",
    "commit",
  ] as const;
  test.each(VERBS)("are all met for %s in a sound estate", (verb) => {
    subjectAt(verb);
    expect(checkPrerequisites(estate, verb, known)).toEqual([]);
  });

  const cases = Object.entries(SPOILED).flatMap(([code, spoils]) => spoils.map((breaks) => ({ code, ...breaks })));
  test.each(cases)("$code: $found", ({ code, breaks, verb = "planned-failover", found, scenario, options = {} }) => {
    const spoiled = subjectAt(verb);
    for (const { item } of estate.items) item.scenario = scenario ?? item.scenario;
    expect(checkPrerequisites(estate, verb, known)).toEqual([]);
    breaks(spoiled);
    const findings = checkPrerequisites(estate, verb, { ...known, options: { ...known.options, ...options } }).filter(
      ({ itemId }) => itemId === "item-1",
    );
    expect(findings.map((finding) => finding.code)).toEqual([code]);
    const [finding] = findings;
    const row = PREREQUISITES.find((candidate) => candidate.code === code);
    expect(finding?.found).toContain(found);
    expect(finding).toMatchObject({ examined: row?.examined, fixedBy: row?.fixedBy, asrCode: row?.asrCode });
    for (const words of [finding?.why, finding?.fix, finding?.examined]) expect(words?.length).toBeGreaterThan(10);
  });

  test("prerequisites have the documented codes, and the verbs that fix them", () => {
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
      "recovery-site": "failback",
      "no-test-copies": "test-clean-up",
      "test-copy": "test-clean-up",
      "leftovers-given-up": "test-clean-up",
      "disks-covered": "disable-replication",
      "replication-health": "cancel-failover",
      "promoted-with-loss": "cancel-failover",
      untested: "test-failover",
      "untested-acknowledged": "test-failover",
      "untested-home": "test-failover",
      "untested-home-acknowledged": "test-failover",
    });
  });

  test("H2: after a failed promotion without loss, a planned failover may continue if the source is off", () => {
    const { item, known: its } = subjectAt("planned-failover");
    promoted(item, { seconds: 0, writes: 0, bytes: 0 });
    item.source.power = "off";
    its.state = "failover-failed";
    expect(checkPrerequisites(estate, "planned-failover", known)).toEqual([]);
    promoted(item, { seconds: 3, writes: 7, bytes: 458_752 });
    its.state = "failed-over";
    expect(checkPrerequisites(estate, "planned-failover", known)).toEqual([]);
    its.state = "failover-failed";
    expect(checkPrerequisites(estate, "unplanned-failover", known)).toEqual([]);
  });

  test("a copy that a failed promotion left does not prevent the next failover, which removes it", () => {
    const { item, known: its } = subjectAt("unplanned-failover");
    item.testCopies.push({ executionId: "x", networkId: "n", power: "on" });
    expect(checkPrerequisites(estate, "unplanned-failover", known)).toMatchObject([{ code: "no-test-copies" }]);
    its.state = "failover-failed";
    expect(checkPrerequisites(estate, "unplanned-failover", known)).toEqual([]);
  });

  test("A3: an acknowledgement makes a failover without a test possible", () => {
    const { item, known: its } = subjectAt("planned-failover");
    item.item.scenario = "azure-to-azure";
    its.lastTestFailoverAt = null;
    const acknowledged = { ...known, options: { acknowledgeNoTest: true } };
    expect(checkPrerequisites(estate, "unplanned-failover", known).map(({ severity }) => severity)).toEqual(["error"]);
    expect(checkPrerequisites(estate, "unplanned-failover", acknowledged)).toEqual([]);
  });

  test("A3: on the way home only a test of the way home counts, where the scenario can test it", () => {
    const { item, known: its } = subjectAt("failback");
    its.lastTestFailbackAt = null;
    const codesOf = (scenario: ItemSnapshot["item"]["scenario"]) => {
      item.item.scenario = scenario;
      return checkPrerequisites(estate, "failback", known).map(({ code }) => code);
    };
    expect(codesOf("azure-to-azure")).toEqual(["untested-home-acknowledged"]);
    expect(codesOf("hyperv-to-hyperv")).toEqual(["untested-home"]);
    expect(codesOf("vmware-to-azure")).toEqual([]);
    Object.assign(its, { lastTestFailbackAt: its.lastTestFailoverAt, lastTestFailoverAt: null });
    expect(codesOf("azure-to-azure")).toEqual([]);
  });

  test("V8: the free licence is a warning for a reprotect and an error for a failback", () => {
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

  test("F7: a request that waits for the agent may start", () => {
    subjectAt("reprotect").item.agentRegistered = false;
    const options = { ...known.options, waitForAgent: true };
    expect(checkPrerequisites(estate, "reprotect", { ...known, options })).toEqual([]);
  });

  test("the report lists what was checked, for how many items, and for how many it is not met", () => {
    subjectAt("planned-failover").item.machine.os = "OS/2 Warp 4";
    const { checked, findings } = reportPrerequisites(estate, "planned-failover", known);
    expect(checked.find(({ code }) => code === "operating-system")).toMatchObject({ items: 2, unmet: 1 });
    expect(checked.filter(({ items, examined }) => items !== 2 || examined === "")).toEqual([]);
    expect(findings).toHaveLength(1);
  });

  test("an unreachable source prevents only a planned failover; a warning names the alternative, or what to expect", () => {
    const [, , source] = subject();
    source.reachable = false;
    expect(checkPrerequisites(estate, "planned-failover")[0]).toMatchObject({ fixedBy: "unplanned-failover" });
    const findings = checkPrerequisites(estate, "unplanned-failover");
    expect(findings.map(({ itemId, code, severity }) => [itemId, code, severity])).toEqual([
      ["item-1", "source-site-silent", "warning"],
      ["item-2", "source-site-silent", "warning"],
    ]);
    expect(findings[0]?.fix).toContain("sourceShutdown: skip");
  });

  test("a site without a list of sizes accepts any size, and its quota counts the CPUs of the machine", () => {
    const [item, target] = subject();
    target.site.sizes = [];
    item.machine.cpus = 96;
    target.site.quota = { cores: 97, coresUsed: 0, networkInterfacesUsed: 0 };
    expect(checkPrerequisites(estate, "planned-failover").map(({ code }) => code)).toEqual([
      "core-quota",
      "core-quota",
    ]);
  });

  test("the shop's plan may start", async () => {
    const shop = await estateOf(shopWorld());
    expect(shopPlan().groups.flatMap(({ items }) => items)).toHaveLength(shop.items.length);
    for (const verb of ["test-failover", "planned-failover", "unplanned-failover"] as const) {
      expect(checkPrerequisites(shop, verb)).toEqual([]);
    }
  });

  test("the smallest sufficient size is chosen: fewest CPUs, then least memory", () => {
    const [item, target] = subject();
    const [large, small] = [
      { cpus: 4, memoryMb: 32_768, maxDataDisks: 9 },
      { cpus: 2, memoryMb: 4_096, maxDataDisks: 9 },
    ];
    const fitting = { name: "D4", cpus: 4, memoryMb: 16_384, maxDataDisks: 0 };
    target.site.sizes = [{ name: "E4", ...large }, fitting, { name: "D2", ...small }];
    expect(checkPrerequisites(estate, "planned-failover").map(({ found }) => found)).toContain(
      "the machine has 1 data disks; its size supports 0",
    );
    target.site.sizes = [];
    item.machine.disks.push(...Array.from({ length: 64 }, (_, n) => ({ name: `d${n}`, sizeGb: 1 })));
    expect(checkPrerequisites(estate, "planned-failover").map(({ found }) => found)).toEqual([
      "the machine has 65 data disks; its size supports 64",
    ]);
  });

  test("the subnet with the same name is chosen, otherwise the first by name (B.6)", () => {
    const [item, target] = subject();
    const network = target.site.networks[0];
    if (network === undefined) throw new Error("no network");
    network.subnets = [
      { name: "z", range: "10.2.3.0/24" },
      { name: "b", range: "10.2.2.0/24" },
    ];
    item.item.target.ip = "10.9.0.1"; // of no subnet, so the finding names the one that was chosen
    const found = () =>
      checkPrerequisites(estate, "planned-failover").find(({ code }) => code === "target-address")?.found;
    expect(found()).toBe("10.9.0.1 is not in subnet b (10.2.2.0/24)");
    network.subnets.push({ name: "a", range: "10.2.1.0/24" });
    expect(found()).toBe("10.9.0.1 is not in subnet a (10.2.1.0/24)");
  });
});
