import { addTwin } from "../small-estates.js";
import type { Broken } from "./estate.js";

/** Prerequisites of failovers. Most use a test failover, which has no other warnings. */
export const BROKEN_FOR_FAILOVER: readonly Broken[] = [
  {
    code: "machine-name",
    verb: "test-failover",
    breaks: ({ target }) => (target.name = "a-name-of-16-char"),
    found: "the name a-name-of-16-char has 17 characters; the limit is 15",
  },
  {
    code: "name-clash",
    verb: "test-failover",
    breaks: ({ away }) => (away.existingMachines = ["VM"]),
    found: "away-name-clash already has a machine named vm",
  },
  {
    code: "operating-system",
    verb: "test-failover",
    breaks: ({ machine }) => (machine.os = "OS/2 Warp 4"),
    found: "OS/2 Warp 4 is not a known system",
  },
  {
    code: "os-disk-size",
    verb: "test-failover",
    breaks: ({ machine }) => machine.disks.splice(0, 1, { name: "system", sizeGb: 4_097 }),
    found: "the first disk has 4097 GB; the limit with uefi is 4096 GB",
  },
  {
    code: "data-disk-size",
    verb: "test-failover",
    breaks: ({ machine }) => machine.disks.splice(1, 1, { name: "data", sizeGb: 40_000 }),
    found: "disk data has 40000 GB",
  },
  {
    code: "disk-count",
    verb: "test-failover",
    breaks: ({ size }) => (size.maxDataDisks = 0),
    found: "the machine has 1 data disks; its size supports 0",
  },
  {
    code: "machine-size",
    verb: "test-failover",
    breaks: ({ target }) => (target.size = "M128"),
    found: "away-machine-size does not offer the size M128",
  },
  {
    code: "target-network",
    verb: "test-failover",
    breaks: ({ target }) => delete target.networkId,
    found: "the target settings name no network",
  },
  {
    code: "target-subnet",
    verb: "test-failover",
    breaks: ({ target }) => (target.subnet = "gone"),
    found: "the network net-away has no subnet gone",
  },
  {
    code: "target-address",
    verb: "test-failover",
    breaks: ({ target }) => (target.ip = "10.2.0.1"),
    found: "10.2.0.1 of 10.2.0.0/24 is reserved by the service",
  },
  {
    code: "resource-group",
    verb: "test-failover",
    breaks: ({ target }) => (target.resourceGroup = "gone"),
    found: "the resource group gone is not at",
  },
  {
    code: "availability-set",
    verb: "test-failover",
    breaks: ({ target }) => (target.availabilitySet = "gone"),
    found: "the availability set gone is not at",
  },
  {
    code: "availability-set-family",
    verb: "test-failover",
    breaks: (estate) => {
      estate.away.sizes?.push({ name: "E8", cpus: 8, memoryMb: 65_536, maxDataDisks: 8 });
      estate.target.availabilitySet = "set";
      addTwin(estate, "E8");
    },
    found: "the availability set set would have sizes of the families D, E",
  },
  {
    code: "test-network",
    verb: "test-failover",
    breaks: ({ target }) => (target.testNetworkId = "gone"),
    found: "the test network gone is not at",
  },
  {
    code: "core-quota",
    verb: "test-failover",
    breaks: ({ away }) => (away.quota = { cores: 9, coresUsed: 6 }),
    found: "the execution needs 4 cores at away-core-quota, and 3 are free",
  },
  {
    code: "interface-quota",
    verb: "test-failover",
    breaks: ({ away }) => (away.quota = { networkInterfaces: 5, networkInterfacesUsed: 5 }),
    found: "the execution needs 1 interfaces at away-interface-quota, and 0 are free",
  },
  { code: "target-site", verb: "test-failover", loses: "away", found: "away-target-site cannot be reached" },
  {
    code: "source-site",
    verb: "planned-failover",
    scenario: "azure-to-azure",
    asked: { acknowledgeNoTest: "true" },
    loses: "home",
    found: "home-source-site cannot be reached",
    mends: "unplanned-failover",
  },
  {
    code: "source-site-silent",
    verb: "unplanned-failover",
    scenario: "azure-to-azure",
    asked: { acknowledgeNoTest: "true" },
    loses: "home",
    found: "home-source-site-silent does not answer",
  },
  {
    code: "recovery-point",
    verb: "test-failover",
    stage: "unprotected",
    found: "there is no recovery point",
    mends: "enable-replication",
  },
  {
    code: "no-test-copies",
    verb: "test-failover",
    stage: "testing",
    found: "a copy of an earlier test is still there",
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
  },
  {
    code: "disks-covered",
    verb: "test-failover",
    breaks: ({ item }) => (item.protectedDisks = ["system"]),
    found: "recovery points hold 1 of 2 disks, without data",
    mends: "disable-replication",
  },
  {
    code: "replication-health",
    verb: "test-failover",
    stage: "failed",
    refused: ["promote-replica"],
    found: "replication-health does not replicate",
    mends: "cancel-failover",
  },
  {
    code: "promoted-with-loss",
    verb: "planned-failover",
    scenario: "azure-to-azure",
    asked: { acknowledgeNoTest: "true" },
    stage: "failed",
    refused: ["shut-down-source", "start-replica"],
    found: "its replica was promoted ",
    mends: "cancel-failover",
  },
  {
    code: "untested",
    verb: "planned-failover",
    found: "untested has never been tested",
    mends: "test-failover",
  },
  {
    code: "untested-acknowledged",
    verb: "unplanned-failover",
    scenario: "azure-to-azure",
    found: "untested-acknowledged has never been tested",
    mends: "test-failover",
  },
  {
    code: "vmm-connected",
    verb: "planned-failover",
    scenario: "hyperv-to-hyperv",
    stage: "tested",
    breaks: ({ away }) => (away.vmmServer = { id: "vmm-away", connected: false }),
    found: "the VMM server vmm-away is not connected",
  },
  {
    code: "link-connected",
    verb: "enable-replication",
    breaks: ({ link }) => (link.connected = false),
    found: "link-link-connected is not connected",
  },
  {
    code: "storage-peering",
    verb: "enable-replication",
    breaks: ({ link }) => (link.kind = "expressroute"),
    found: "link-storage-peering has private peering only",
  },
];
