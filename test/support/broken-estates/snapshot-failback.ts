import { type Case, configurationServer, host, link, masterTarget, takenBy } from "./snapshot.js";

/** Each breaks exactly one prerequisite of `item-1`: those of failback and replication. */
export const BREAKS_OF_FAILBACK: Record<string, Case[]> = {
  "process-server-ports": [
    {
      breaks: ({ source }) => (source.site.processServers = [{ id: "ps", openPorts: [443] }]),
      verb: "reprotect",
      found: "ps does not listen on 9443",
    },
  ],
  "master-target": [
    { breaks: () => undefined, options: { masterTargetId: "gone" }, verb: "reprotect", found: "no master target gone" },
    { breaks: ({ target }) => (target.site.masterTargets = []), verb: "reprotect", found: "home has no master target" },
  ],
  "master-target-system": [
    {
      breaks: (subject) => (masterTarget(subject).osFamily = "linux"),
      verb: "reprotect",
      found: "mt runs linux, the machine windows",
    },
  ],
  "master-target-disks": [
    { breaks: (subject) => (masterTarget(subject).attachedDisks = 59), verb: "reprotect", found: "61 disks of 60" },
  ],
  "master-target-uuid": [
    {
      breaks: (subject) => {
        Object.assign(masterTarget(subject), { osFamily: "linux", diskEnableUuid: false });
        subject.item.machine.osFamily = "linux";
      },
      verb: "reprotect",
      found: "disk.EnableUUID of master target mt",
    },
  ],
  "master-target-vmotion": [
    { breaks: (subject) => (masterTarget(subject).storageVMotion = true), verb: "failback", found: "storage vMotion" },
  ],
  "retention-drive": [
    {
      breaks: (subject) => delete masterTarget(subject).retentionDrive,
      verb: "reprotect",
      found: "no retention drive",
    },
    { breaks: () => undefined, options: { retentionDrive: "Z" }, verb: "reprotect", found: "drive R, not Z" },
  ],
  datastore: [
    {
      breaks: () => undefined,
      options: { location: "alternate", datastoreId: "gone" },
      verb: "reprotect",
      found: "home has no datastore gone",
    },
    {
      breaks: () => undefined,
      options: { location: "alternate", datastoreId: undefined },
      verb: "reprotect",
      found: "vm-1 is created as a new machine at home, so the options must name a datastore",
    },
    {
      breaks: () => undefined,
      options: { datastoreId: undefined },
      verb: "reprotect",
      found:
        "the options name no datastore of home (it has ssd); one must be named, although the disks of vm-1 still exist",
    },
    { breaks: () => undefined, options: { datastoreId: ["gone"] }, verb: "reprotect", found: "no datastore gone" },
  ],
  "configuration-server": [
    {
      breaks: ({ target }) => delete target.site.configurationServer,
      verb: "failback",
      found: "home has no configuration server",
    },
  ],
  "process-server-network": [
    {
      breaks: ({ source, item }) => {
        source.site.processServers = [{ id: "ps", networkId: "other", openPorts: [443, 9443] }];
        item.item.target.networkId = "vnet";
      },
      verb: "reprotect",
      found: "process server ps is in network other, the machine in vnet",
    },
  ],
  "master-target-choice": [
    {
      breaks: (subject) => subject.target.site.masterTargets.push({ ...masterTarget(subject), id: "mt-2" }),
      verb: "reprotect",
      found: "mt and mt-2 could write the disks of vm-1, and the options name none of them alone",
    },
  ],
  "datastore-reach": [
    {
      breaks: (subject) => (masterTarget(subject).datastoreIds = []),
      verb: "reprotect",
      found: "mt cannot read and write datastore ssd",
    },
    { breaks: (subject) => (host(subject).datastoreIds = []), verb: "failback", found: "does not reach datastore ssd" },
  ],
  "datastore-space": [
    {
      breaks: ({ target }) => (target.site.datastores = [{ id: "ssd", capacityGb: 500, freeGb: 200 }]),
      options: { location: "alternate", datastoreId: "ssd" },
      verb: "reprotect",
      found: "need 600 GB, ssd has 200",
    },
    {
      breaks: ({ target }) => {
        target.site.datastores = [{ id: "ssd", capacityGb: 900, freeGb: 700 }];
        target.taken.push(takenBy("other", { disks: { datastoreId: "ssd", sizeGb: 500 } }));
      },
      options: { location: "alternate", datastoreId: "ssd" },
      verb: "reprotect",
      found: "the new machines of the execution need 600 GB, ssd has 200; the rest is taken by other",
    },
  ],
  "host-memory": [
    { breaks: (subject) => (host(subject).freeMemoryMb = 4_096), verb: "failback", found: "esx has 4096 MB free" },
    {
      breaks: ({ target }) => target.taken.push(takenBy("other", { memory: { hostId: "esx", memoryMb: 60_000 } })),
      verb: "failback",
      found: "esx has 5536 MB free, the machines of the execution need 16384 MB; the rest is taken by other",
    },
  ],
  "host-licence": [
    { breaks: (subject) => (host(subject).licence = "free"), verb: "failback", found: "esx has the free licence" },
  ],
  "hosts-discovered": [
    {
      breaks: ({ target, item }) => {
        item.machine.form = "physical";
        configurationServer(target).hostsDiscovered = false;
      },
      scenario: "physical-to-azure",
      options: { datastoreId: "ssd" },
      verb: "reprotect",
      found: "the hosts of home have not been discovered",
    },
  ],
  "discovery-account": [
    {
      breaks: ({ target }) => (target.site.vCenter = { id: "vcenter", accountRole: "read-only" }),
      verb: "reprotect",
      found: "at vcenter is read-only",
    },
  ],
  "configuration-server-knows": [
    {
      breaks: ({ target }) => (configurationServer(target).forgotten = ["vm-1"]),
      verb: "failback",
      found: "config no longer knows vm-1",
    },
  ],
  "configuration-server-address": [
    {
      breaks: ({ target }) => (configurationServer(target).knownAt = "10.1.0.99"),
      verb: "failback",
      found: "config answers at 10.1.0.5, the machines use 10.1.0.99",
    },
  ],
  "configuration-server-backup": [
    { breaks: ({ target }) => delete configurationServer(target).backup, verb: "reprotect", found: "has no backup" },
  ],
  "master-target-scsi": [
    {
      breaks: (subject) => {
        Object.assign(masterTarget(subject), { osFamily: "linux", scsiIds: ["36000c291", "36000c291"] });
        subject.item.machine.osFamily = "linux";
      },
      verb: "reprotect",
      found: "two disks of master target mt have the SCSI id 36000c291",
    },
  ],
  "no-snapshots": [{ breaks: ({ item }) => (item.machine.snapshots = 2), verb: "reprotect", found: "2 snapshots" }],
  "home-name-clash": [
    {
      breaks: ({ target }) => target.site.existingMachines.push("VM-1"),
      options: { location: "alternate", datastoreId: "ssd" },
      verb: "reprotect",
      found: "another machine named vm-1 is at home",
    },
    {
      breaks: ({ target }) => target.taken.push(takenBy("other", { names: ["VM-1"] })),
      verb: "failback",
      found: "home already has a machine named vm-1, that of item other",
    },
  ],
  "home-address": [
    {
      breaks: ({ item, target }) => {
        Object.assign(item.machine.nics[0] ?? {}, { assignment: "static", ip: "10.1.0.11" });
        target.taken.push(takenBy("other", { addresses: [{ networkId: "lan", address: "10.1.0.11" }] }));
      },
      scenario: "azure-to-azure",
      verb: "failback",
      found: "10.1.0.11 is in use by the machine of item other",
    },
  ],
  "agent-registered": [
    { breaks: ({ item }) => (item.agentRegistered = false), verb: "reprotect", found: "agent not installed" },
  ],
  "machine-running": [
    { breaks: ({ item }) => (item.replica.power = "off"), verb: "reprotect", found: "vm-1 is stopped at away" },
    { breaks: ({ item }) => (item.replica.heartbeat = "none"), verb: "reprotect", found: "does not answer" },
  ],
  "active-site": [
    { breaks: ({ source }) => (source.reachable = false), verb: "reprotect", found: "away cannot be reached" },
  ],
  "recovery-site": [
    { breaks: ({ source }) => (source.reachable = false), verb: "planned-failback", found: "away cannot be reached" },
  ],
  "storage-peering": [
    {
      breaks: (subject) => Object.assign(link(subject), { kind: "expressroute" }),
      verb: "enable-replication",
      found: "vpn has private peering only",
    },
  ],
  "address-lost": [
    {
      breaks: ({ item }) => Object.assign(item.machine.nics[0] ?? {}, { assignment: "static" }),
      verb: "failback",
      found: "which becomes DHCP during the failback",
    },
  ],
  "network-manager": [
    {
      breaks: (subject) => {
        masterTarget(subject).osFamily = "linux";
        Object.assign(subject.item.machine, { osFamily: "linux", networkManagerPackage: false });
      },
      verb: "failback",
      found: "lacks the NetworkManager package",
    },
  ],
  "untested-home": [
    {
      breaks: ({ known }) => (known.lastTestFailbackAt = null),
      verb: "planned-failback",
      scenario: "hyperv-to-hyperv",
      found: "the failback of item-1 has never been tested",
    },
  ],
  "untested-home-acknowledged": [
    {
      breaks: ({ known }) => (known.lastTestFailbackAt = null),
      verb: "failback",
      scenario: "azure-to-azure",
      found: "the failback of item-1 has never been tested",
    },
  ],
};
