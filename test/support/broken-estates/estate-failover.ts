import { addTwin } from "../small-estates.js";
import type { Broken } from "./estate.js";
import type { Repair } from "./repair.js";

const disks = (systemGb: number, dataGb: number) => [
  { name: "system", sizeGb: systemGb },
  { name: "data", sizeGb: dataGb },
];

/** Undoes a failover whose own undo was refused. */
async function cancelFailover(repair: Repair): Promise<void> {
  await repair.clearFaults();
  await repair.run(["cancel-failover"]);
}

/** Prerequisites of failovers. Most use a test failover, which has no other warnings. */
export const BROKEN_FOR_FAILOVER: readonly Broken[] = [
  {
    code: "machine-name",
    verb: "test-failover",
    breaks: ({ target }) => (target.name = "a-name-of-16-char"),
    found: "the name a-name-of-16-char has 17 characters; the limit is 15",
    fix: (repair) => repair.target({ name: "short" }),
  },
  {
    code: "name-clash",
    verb: "test-failover",
    breaks: ({ away }) => (away.existingMachines = ["VM"]),
    found: "away-name-clash already has a machine named vm",
    fix: (repair) => repair.target({ name: "vm-2" }),
  },
  {
    code: "operating-system",
    verb: "test-failover",
    breaks: ({ machine }) => (machine.os = "OS/2 Warp 4"),
    found: "OS/2 Warp 4 is not a known system",
    fix: (repair) => repair.machine({ os: "Windows Server 2022" }),
  },
  {
    code: "os-disk-size",
    verb: "test-failover",
    breaks: ({ machine }) => machine.disks.splice(0, 1, { name: "system", sizeGb: 4_097 }),
    found: "the first disk has 4097 GB; the limit with uefi is 4096 GB",
    fix: (repair) => repair.machine({ disks: disks(100, 200) }),
  },
  {
    code: "data-disk-size",
    verb: "test-failover",
    breaks: ({ machine }) => machine.disks.splice(1, 1, { name: "data", sizeGb: 40_000 }),
    found: "disk data has 40000 GB",
    fix: (repair) => repair.machine({ disks: [...disks(100, 20_000), { name: "more", sizeGb: 20_000 }] }),
  },
  {
    code: "disk-count",
    verb: "test-failover",
    breaks: ({ away, size }) => {
      size.maxDataDisks = 0;
      away.sizes?.push({ name: "D8", cpus: 8, memoryMb: 32_768, maxDataDisks: 16 });
    },
    found: "the machine has 1 data disks; its size supports 0",
    fix: (repair) => repair.target({ size: "D8" }),
  },
  {
    code: "machine-size",
    verb: "test-failover",
    breaks: ({ target }) => (target.size = "M128"),
    found: "away-machine-size does not offer the size M128",
    fix: (repair) => repair.target({ size: null }),
  },
  {
    code: "target-network",
    verb: "test-failover",
    breaks: ({ target }) => delete target.networkId,
    found: "the target settings name no network",
    fix: (repair) => repair.target({ networkId: "net-away" }),
  },
  {
    code: "target-interfaces",
    verb: "test-failover",
    breaks: ({ machine }) => machine.nics.push({ name: "backup", networkId: "net-home" }),
    found: "interface backup on net-home gets no network at away-target-interfaces",
    fix: (repair) => repair.target({ interfaces: [{ name: "backup", networkId: "net-away" }] }),
  },
  {
    code: "target-subnet",
    verb: "test-failover",
    breaks: ({ target }) => (target.subnet = "gone"),
    found: "the network net-away has no subnet gone",
    fix: (repair) => repair.target({ subnet: null }),
  },
  {
    code: "target-address",
    verb: "test-failover",
    breaks: ({ target }) => (target.ip = "10.2.0.1"),
    found: "10.2.0.1 of 10.2.0.0/24 is reserved by the service",
    fix: (repair) => repair.target({ ip: null }),
  },
  {
    code: "resource-group",
    verb: "test-failover",
    breaks: ({ target }) => (target.resourceGroup = "gone"),
    found: "the resource group gone is not at",
    fix: (repair) => repair.target({ resourceGroup: "rg" }),
  },
  {
    code: "availability-set",
    verb: "test-failover",
    breaks: ({ target }) => (target.availabilitySet = "gone"),
    found: "the availability set gone is not at",
    fix: (repair) => repair.target({ availabilitySet: "set" }),
  },
  {
    code: "availability-set-family",
    verb: "test-failover",
    breaks: (estate) => {
      estate.away.sizes?.push({ name: "E8", cpus: 8, memoryMb: 65_536, maxDataDisks: 8 });
      estate.target.availabilitySet = "set";
      addTwin(estate, "E8");
    },
    decisions: ["take", "left-out"],
    found: "the availability set set would have sizes of the families D, E",
    fix: (repair) => repair.target({ size: "D4" }, "availability-set-family-2"),
  },
  {
    code: "test-network",
    verb: "test-failover",
    breaks: ({ target }) => (target.testNetworkId = "gone"),
    found: "the test network gone is not at",
    fix: (repair) => repair.target({ testNetworkId: null }),
  },
  {
    code: "core-quota",
    verb: "test-failover",
    breaks: ({ away }) => (away.quota = { cores: 9, coresUsed: 6 }),
    found: "the execution needs 4 cores at away-core-quota, and 3 are free",
    fix: (repair) => repair.site("away", { quota: { cores: 20, coresUsed: 6, networkInterfacesUsed: 0 } }),
  },
  {
    code: "interface-quota",
    verb: "test-failover",
    breaks: ({ away }) => (away.quota = { networkInterfaces: 5, networkInterfacesUsed: 5 }),
    found: "the execution needs 1 interface at away-interface-quota, and none is free",
    fix: (repair) => repair.site("away", { quota: null }),
  },
  {
    code: "target-site",
    verb: "test-failover",
    loses: "away",
    found: "away-target-site cannot be reached",
    fix: (repair) => repair.reconnect(),
  },
  {
    code: "source-site",
    verb: "planned-failover",
    scenario: "azure-to-azure",
    asked: { acknowledgeNoTest: "true" },
    loses: "home",
    found: "home-source-site cannot be reached",
    fix: (repair) => repair.reconnect(),
    mends: "unplanned-failover",
  },
  {
    code: "source-site-silent",
    verb: "unplanned-failover",
    scenario: "azure-to-azure",
    asked: { acknowledgeNoTest: "true" },
    loses: "home",
    found: "home-source-site-silent does not answer",
    fix: (repair) => repair.reconnect(),
  },
  {
    code: "recovery-point",
    verb: "test-failover",
    stage: "unprotected",
    refusedAs: "verb-not-allowed",
    found: "the item is not protected",
    fix: (repair) => repair.run(["enable-replication"]),
    mends: "enable-replication",
  },
  {
    code: "no-test-copies",
    verb: "planned-failover",
    stage: "testing",
    refusedAs: "verb-not-allowed",
    found: "a test failover awaits its clean-up",
    fix: (repair) => repair.run(["test-clean-up"]),
    mends: "test-clean-up",
  },
  {
    code: "test-copy",
    verb: "promote-test",
    stage: "testing",
    later: (repair) => repair.cleanUpHalfWay(),
    found: "there is no copy of a test to promote",
    fix: (repair) => repair.run(["test-clean-up", "test-failover"]),
    mends: "test-clean-up",
  },
  {
    code: "leftovers-given-up",
    verb: "test-failover",
    stage: "given-up",
    refused: ["remove-test-copy"],
    found: "a forced clean-up left a copy or network of a test",
    fix: (repair) => repair.clearFaults().then(() => repair.run(["test-clean-up"])),
    mends: "test-clean-up",
  },
  {
    code: "rpo-threshold",
    verb: "test-failover",
    breaks: ({ item, policy }) => {
      item.changeRateMbPerSecond = 500;
      policy.rpoThresholdSeconds = 60;
    },
    found: "s old, the policy asks for 60 s",
    fix: (repair) => repair.machine({ power: "off" }),
  },
  {
    code: "disks-covered",
    verb: "test-failover",
    breaks: ({ item }) => (item.protectedDisks = ["system"]),
    found: "recovery points hold 1 of 2 disks, without data",
    fix: (repair) => repair.run(["disable-replication", "enable-replication"]),
    mends: "disable-replication",
  },
  {
    code: "replication-health",
    verb: "unplanned-failover",
    scenario: "azure-to-azure",
    asked: { acknowledgeNoTest: "true" },
    breaks: ({ policy }) => (policy.rpoThresholdSeconds = 86_400),
    stage: "failed",
    refused: ["promote-replica", "restore-replication"],
    found: "replication-health does not replicate",
    fix: (repair) => cancelFailover(repair),
    mends: "cancel-failover",
  },
  {
    code: "promoted-with-loss",
    verb: "planned-failover",
    scenario: "azure-to-azure",
    asked: { acknowledgeNoTest: "true" },
    stage: "failed",
    refused: ["shut-down-source", "start-replica", "demote-replica"],
    found: "its replica was promoted ",
    fix: (repair) => cancelFailover(repair),
    mends: "cancel-failover",
  },
  {
    code: "untested",
    verb: "planned-failover",
    found: "untested has never been tested",
    fix: (repair) => repair.run(["test-failover", "test-clean-up"]),
    mends: "test-failover",
  },
  {
    code: "untested-acknowledged",
    verb: "unplanned-failover",
    scenario: "azure-to-azure",
    found: "untested-acknowledged has never been tested",
    fix: (repair) => repair.run(["test-failover", "test-clean-up"]),
    mends: "test-failover",
  },
  {
    code: "vmm-connected",
    verb: "planned-failover",
    scenario: "hyperv-to-hyperv",
    stage: "tested",
    breaks: ({ away }) => (away.vmmServer = { id: "vmm-away", connected: false }),
    found: "the VMM server vmm-away is not connected",
    fix: (repair) => repair.site("away", { vmmServer: { id: "vmm-away", connected: true } }),
  },
  {
    code: "link-connected",
    verb: "enable-replication",
    stage: "unprotected",
    breaks: ({ link }) => (link.connected = false),
    found: "link-link-connected is not connected",
    fix: (repair) => repair.link({ connected: true }),
  },
  {
    code: "storage-peering",
    verb: "enable-replication",
    stage: "unprotected",
    breaks: ({ link }) => (link.kind = "expressroute"),
    found: "link-storage-peering has private peering only",
    fix: (repair) => repair.link({ peerings: ["private", "microsoft"] }),
  },
];
