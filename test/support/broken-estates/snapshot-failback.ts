import { type Case, configurationServer, host, link, masterTarget } from "./snapshot.js";

/** Each breaks exactly one prerequisite of `item-1`: those of the way home and of replication. */
export const SPOILED_HOME: Record<string, Case[]> = {
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
        configurationServer(target).hostsDiscovered = false;
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
      spoil: ({ target }) => (configurationServer(target).forgotten = ["vm-1"]),
      verb: "failback",
      found: "config does not know vm-1",
    },
  ],
  "configuration-server-address": [
    {
      spoil: ({ target }) => (configurationServer(target).knownAt = "10.1.0.99"),
      verb: "failback",
      found: "config answers at 10.1.0.5, the machines look for it at 10.1.0.99",
    },
  ],
  "configuration-server-backup": [
    { spoil: ({ target }) => delete configurationServer(target).backup, verb: "reprotect", found: "has no backup" },
  ],
  "master-target-scsi": [
    {
      spoil: (subject) => {
        Object.assign(masterTarget(subject), { osFamily: "linux", scsiIds: ["36000c291", "36000c291"] });
        subject.item.machine.osFamily = "linux";
      },
      verb: "reprotect",
      found: "two disks of master target mt have the SCSI id 36000c291",
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
  "recovery-site": [
    { spoil: ({ source }) => (source.reachable = false), verb: "planned-failback", found: "away cannot be reached" },
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
