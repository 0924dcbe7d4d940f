import { type Case, link, promoted, takenBy } from "./snapshot.js";

/** Each breaks exactly one prerequisite of `item-1`: those of machine, target and source. */
export const BREAKS_OF_FAILOVER: Record<string, Case[]> = {
  "machine-name": [
    { breaks: ({ item }) => (item.item.target.name = "a-name-of-16-char"), found: "the limit is 15" },
    { breaks: ({ item }) => (item.item.target.name = "web 01"), found: "other than letters" },
  ],
  "name-clash": [
    { breaks: ({ target }) => target.machineNames.push("VM-1"), found: "away already has a machine named" },
    {
      breaks: ({ target }) => target.taken.push(takenBy("other", { names: ["VM-1"] })),
      found: "away already has a machine named vm-1, that of item other",
    },
    {
      breaks: ({ target }) => target.taken.push(takenBy("other", { names: ["vm-1-test"] })),
      verb: "test-failover",
      found: "away already has a machine named vm-1-test, that of item other",
    },
    { breaks: ({ item }) => (item.item.target.name = "vm-2"), found: "item item-2 has the same target name vm-2" },
  ],
  "operating-system": [{ breaks: ({ item: { machine } }) => (machine.os = "OS/2 Warp 4"), found: "OS/2" }],
  "os-disk-size": [
    {
      breaks: ({ item: { machine } }) => Object.assign(machine.disks[0] ?? {}, { sizeGb: 4_097 }),
      found: "the limit with uefi is 4096 GB",
    },
    {
      breaks: ({ item: { machine } }) => {
        machine.boot = "bios";
        Object.assign(machine.disks[0] ?? {}, { sizeGb: 2_049 });
      },
      found: "the limit with bios is 2048 GB",
    },
  ],
  "data-disk-size": [
    {
      breaks: ({ item: { machine } }) => Object.assign(machine.disks[1] ?? {}, { sizeGb: 40_000 }),
      found: "disk data has 40000 GB",
    },
  ],
  "disk-count": [
    {
      breaks: ({ item: { machine } }) =>
        machine.disks.push(...Array.from({ length: 8 }, (_, n) => ({ name: `d${n}`, sizeGb: 1 }))),
      found: "9 data disks; its size supports 8",
    },
  ],
  "machine-size": [
    { breaks: ({ item }) => (item.item.target.size = "M128"), found: "away does not offer the size M128" },
    { breaks: ({ item: { machine } }) => (machine.cpus = 96), found: "no size at away has 96 CPUs" },
  ],
  "target-network": [
    { breaks: ({ item }) => delete item.item.target.networkId, found: "name no network" },
    { breaks: ({ item }) => (item.item.target.networkId = "gone"), found: "the network gone is not at away" },
    {
      breaks: ({ item }) => {
        item.machine.nics.push({ name: "backup", networkId: "lan", assignment: "dhcp" });
        item.item.target.interfaces = [{ name: "backup", networkId: "gone" }];
      },
      found: "interface backup: the network gone is not at away",
    },
  ],
  "target-interfaces": [
    {
      breaks: ({ item }) => item.machine.nics.push({ name: "backup", networkId: "lan", assignment: "dhcp" }),
      found: "interface backup on lan gets no network at away",
    },
  ],
  "target-subnet": [{ breaks: ({ item }) => (item.item.target.subnet = "gone"), found: "has no subnet gone" }],
  "target-address": [
    {
      breaks: ({ item, target }) => {
        item.item.target.ip = "10.2.0.8";
        target.taken.push(takenBy("other", { addresses: [{ networkId: "vnet", address: "10.2.0.8" }] }));
      },
      found: "10.2.0.8 is in use by the machine of item other",
    },
    { breaks: ({ item }) => (item.item.target.ip = "10.9.0.1"), found: "10.9.0.1 is not in subnet a" },
    { breaks: ({ item }) => (item.item.target.ip = "10.2.0.9"), found: "item item-2 has the same address 10.2.0.9" },
  ],
  "resource-group": [{ breaks: ({ item }) => (item.item.target.resourceGroup = "gone"), found: "resource group gone" }],
  "availability-set": [
    { breaks: ({ item }) => (item.item.target.availabilitySet = "gone"), found: "availability set gone" },
  ],
  "test-network": [
    {
      breaks: ({ item }) => (item.item.target.testNetworkId = "gone"),
      verb: "test-failover",
      found: "test network gone",
    },
  ],
  "core-quota": [
    {
      breaks: ({ target: { site } }) => (site.quota = { cores: 9, coresUsed: 2, networkInterfacesUsed: 0 }),
      found: "8 cores at away, and 7",
    },
    {
      breaks: ({ target }) => {
        target.site.quota = { cores: 9, coresUsed: 0, networkInterfacesUsed: 0 };
        target.taken.push(takenBy("other", { cores: 4 }));
      },
      found: "8 cores at away, and 5 are free; others are taken by other",
    },
  ],
  "interface-quota": [
    {
      breaks: ({ target: { site } }) => (site.quota = { coresUsed: 0, networkInterfaces: 5, networkInterfacesUsed: 4 }),
      found: "2 interfaces at away, and 1",
    },
    {
      breaks: ({ target }) => {
        target.site.quota = { coresUsed: 0, networkInterfaces: 2, networkInterfacesUsed: 0 };
        target.taken.push(takenBy("other", { networkInterfaces: 1 }));
      },
      found: "2 interfaces at away, and 1 is free; others are taken by other",
    },
  ],
  "target-site": [{ breaks: ({ target }) => (target.reachable = false), found: "away cannot be reached" }],
  "source-site": [{ breaks: ({ source }) => (source.reachable = false), found: "home cannot be reached" }],
  "source-site-silent": [
    { breaks: ({ source }) => (source.reachable = false), verb: "unplanned-failover", found: "home does not answer" },
  ],
  "recovery-point": [
    { breaks: ({ item: { replication } }) => (replication.newestPoint = null), found: "there is no recovery point" },
  ],
  "no-test-copies": [
    {
      breaks: ({ item: { testCopies } }) => testCopies.push({ executionId: "x", networkId: "n", power: "off" }),
      found: "earlier test is still there",
    },
  ],
  "test-copy": [
    {
      breaks: ({ item: { testCopies } }) => testCopies.pop(),
      verb: "promote-test",
      found: "no copy of a test to promote",
    },
  ],
  "leftovers-given-up": [
    {
      breaks: ({ item: { testCopies }, known }) => {
        testCopies.push({ executionId: "x", networkId: "n", power: "off" });
        known.conditions = [{ type: "leftovers", since: null, whatToDo: "Run test-clean-up again." }];
      },
      found: "a forced clean-up left",
    },
  ],
  "rpo-threshold": [{ breaks: ({ item: { replication } }) => (replication.rpoSeconds = 1_800), found: "1800 s old" }],
  "availability-set-family": [
    {
      breaks: ({ item, target, estate }) => {
        target.site.sizes.push({ name: "E8", cpus: 8, memoryMb: 65_536, maxDataDisks: 8 });
        for (const { item: protectedItem } of estate.items) protectedItem.target.availabilitySet = "set";
        item.item.target.size = "E8";
      },
      found: "sizes of the families D, E",
    },
  ],
  "disks-covered": [
    { breaks: ({ item }) => (item.item.protectedDisks = ["system"]), found: "1 of 2 disks, without data" },
  ],
  "replication-health": [
    {
      breaks: ({ item, known }) => {
        item.replication.state = "stopped";
        known.state = "failover-failed";
      },
      found: "item-1 does not replicate",
    },
  ],
  "promoted-with-loss": [
    {
      breaks: ({ item, known }) => {
        promoted(item, { seconds: 3, writes: 7, bytes: 458_752 });
        item.source.power = "off";
        known.state = "failover-failed";
      },
      found: "without the last 7 writes",
    },
    {
      breaks: ({ item, known }) => {
        promoted(item, { seconds: 0, writes: 0, bytes: 0 });
        known.state = "failover-failed";
      },
      found: "while its source was on",
    },
  ],
  untested: [{ breaks: ({ known }) => (known.lastTestFailoverAt = null), found: "never been tested" }],
  "untested-acknowledged": [
    {
      breaks: ({ known }) => (known.lastTestFailoverAt = null),
      verb: "unplanned-failover",
      scenario: "azure-to-azure",
      found: "never been tested",
    },
  ],
  "vmm-connected": [
    {
      breaks: ({ source }) => (source.site.vmmServer = { id: "vmm-1", connected: false }),
      scenario: "hyperv-to-hyperv",
      found: "vmm-1 is not connected",
    },
  ],
  "vmware-site": [
    {
      breaks: ({ target }) => (target.site.hosts = []),
      verb: "failback",
      found: "home has no ESXi host",
    },
  ],
  "failback-link": [
    { breaks: ({ estate }) => (estate.links = []), verb: "reprotect", found: "joins away and home" },
    {
      breaks: (subject) => Object.assign(link(subject), { kind: "expressroute", peerings: ["public"] }),
      verb: "failback",
      found: "no ExpressRoute with private peering",
    },
  ],
  "link-connected": [
    { breaks: (subject) => (link(subject).connected = false), verb: "failback", found: "vpn is not connected" },
  ],
  "process-server": [
    {
      breaks: ({ source }) => (source.site.processServers = []),
      verb: "reprotect",
      found: "away has no process server",
    },
    {
      breaks: () => undefined,
      options: { processServerId: "other" },
      verb: "reprotect",
      found: "no process server other",
    },
  ],
  "process-server-place": [
    {
      breaks: (subject) => {
        subject.target.site.processServers = subject.source.site.processServers;
        subject.source.site.processServers = [];
        link(subject).kind = "expressroute";
      },
      verb: "reprotect",
      found: "at the other end of ExpressRoute",
    },
  ],
};
