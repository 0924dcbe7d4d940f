import type { Broken } from "./estate.js";

/** A reprotect of items that have failed over and are committed. */
const reprotecting = { verb: "reprotect", stage: "away" } as const;
const alternate = { location: "alternate", datastoreId: "ssd" } as const;

/** Prerequisites of reprotect and failback, and of the servers that they need. */
export const BROKEN_FOR_FAILBACK: readonly Broken[] = [
  {
    code: "vmware-site",
    ...reprotecting,
    breaks: ({ home, machine }) => {
      home.hosts = [];
      home.masterTargets = [];
      delete machine.hostId;
    },
    found: "home-vmware-site has no ESXi host",
  },
  {
    code: "failback-link",
    ...reprotecting,
    breaks: ({ link }) => (link.kind = "internet"),
    found: "no VPN and no ExpressRoute with private peering joins away-failback-link and home-failback-link",
  },
  {
    code: "host-memory",
    verb: "failback",
    stage: "home",
    breaks: ({ host }) => (host.freeMemoryMb = 4_096),
    found: "host esx has 4096 MB free, the machine needs 8192 MB",
  },
  {
    code: "host-licence",
    ...reprotecting,
    breaks: ({ host }) => (host.licence = "free"),
    found: "host esx has the free licence of ESXi",
  },
  {
    code: "hosts-discovered",
    ...reprotecting,
    scenario: "physical-to-azure",
    asked: { datastoreId: "ssd" },
    breaks: ({ home }) => Object.assign(home.configurationServer ?? {}, { hostsDiscovered: false }),
    found: "the hosts of home-hosts-discovered have not been discovered yet",
  },
  {
    code: "discovery-account",
    ...reprotecting,
    breaks: ({ home }) => (home.vCenter = { id: "vcenter", accountRole: "read-only" }),
    found: "the discovery account at vcenter is read-only",
  },
  {
    code: "configuration-server-knows",
    ...reprotecting,
    breaks: ({ home, machine }) => Object.assign(home.configurationServer ?? {}, { forgotten: [machine.id] }),
    found: "config no longer knows vm",
  },
  {
    code: "configuration-server-address",
    ...reprotecting,
    breaks: ({ home }) => Object.assign(home.configurationServer ?? {}, { knownAt: "10.1.0.99" }),
    found: "config answers at 10.1.0.5, the machines use 10.1.0.99",
  },
  {
    code: "configuration-server-backup",
    ...reprotecting,
    breaks: ({ home }) => delete home.configurationServer?.backup,
    found: "config has no backup",
  },
  {
    code: "no-snapshots",
    ...reprotecting,
    breaks: ({ machine }) => (machine.snapshots = 3),
    found: "vm has 3 snapshots",
  },
  {
    code: "home-name-clash",
    ...reprotecting,
    asked: alternate,
    breaks: ({ home }) => (home.existingMachines = ["VM"]),
    found: "another machine named vm is at home-home-name-clash",
  },
  {
    code: "home-address",
    verb: "failback",
    stage: "home",
    scenario: "azure-to-azure",
    breaks: ({ home, machine }) => {
      Object.assign(machine.nics[0] ?? {}, { assignment: "static", ip: "10.1.0.9" });
      Object.assign(home.networks?.[0]?.subnets[0] ?? {}, { inUse: ["10.1.0.9"] });
    },
    found: "10.1.0.9 is in use in subnet data",
  },
  {
    code: "machine-running",
    verb: "reprotect",
    found: "vm is stopped at away-machine-running",
  },
  { code: "active-site", ...reprotecting, loses: "away", found: "away-active-site cannot be reached" },
  {
    code: "address-lost",
    verb: "failback",
    stage: "home",
    breaks: ({ machine }) => Object.assign(machine.nics[0] ?? {}, { assignment: "static", ip: "10.1.0.9" }),
    found: "vm has a static address, which becomes DHCP during the failback",
  },
  {
    code: "network-manager",
    ...reprotecting,
    breaks: ({ machine, masterTarget }) => {
      Object.assign(machine, { osFamily: "linux", os: "Ubuntu 24.04", networkManagerPackage: false });
      masterTarget.osFamily = "linux";
    },
    found: "vm lacks the NetworkManager package",
  },
  {
    code: "process-server",
    ...reprotecting,
    breaks: ({ away }) => (away.processServers = []),
    found: "away-process-server has no process server",
  },
  {
    code: "process-server-place",
    ...reprotecting,
    breaks: ({ home, away, link, processServer }) => {
      home.processServers = [processServer];
      away.processServers = [];
      link.kind = "expressroute";
    },
    found: "the process server ps is at home-process-server-place, at the other end of ExpressRoute",
  },
  {
    code: "process-server-ports",
    ...reprotecting,
    breaks: ({ processServer }) => (processServer.openPorts = [443]),
    found: "process server ps does not listen on 9443",
  },
  {
    code: "master-target",
    ...reprotecting,
    breaks: ({ home }) => (home.masterTargets = []),
    found: "home-master-target has no master target",
  },
  {
    code: "master-target-system",
    ...reprotecting,
    breaks: ({ masterTarget }) => (masterTarget.osFamily = "linux"),
    found: "master target mt runs linux, the machine windows",
  },
  {
    code: "master-target-disks",
    ...reprotecting,
    breaks: ({ masterTarget }) => (masterTarget.attachedDisks = 59),
    found: "master target mt would have 61 disks of 60",
  },
  {
    code: "master-target-uuid",
    ...reprotecting,
    breaks: ({ machine, masterTarget }) => {
      Object.assign(machine, { osFamily: "linux", os: "Ubuntu 24.04" });
      Object.assign(masterTarget, { osFamily: "linux", diskEnableUuid: false });
    },
    found: "disk.EnableUUID of master target mt is not TRUE",
  },
  {
    code: "master-target-vmotion",
    ...reprotecting,
    breaks: ({ masterTarget }) => (masterTarget.storageVMotion = true),
    found: "master target mt is moved by storage vMotion",
  },
  {
    code: "recovery-site",
    verb: "planned-failback",
    stage: "home",
    scenario: "azure-to-azure",
    loses: "away",
    found: "away-recovery-site cannot be reached",
    mends: "failback",
  },
  {
    code: "master-target-scsi",
    ...reprotecting,
    breaks: ({ masterTarget, machine }) => {
      Object.assign(masterTarget, { osFamily: "linux", scsiIds: ["36000c291", "36000c291"] });
      machine.osFamily = "linux";
    },
    found: "two disks of master target mt have the SCSI id 36000c291",
  },
  {
    code: "retention-drive",
    ...reprotecting,
    breaks: ({ masterTarget }) => delete masterTarget.retentionDrive,
    found: "master target mt has no retention drive",
  },
  {
    code: "datastore",
    ...reprotecting,
    asked: { location: "alternate" },
    found: "vm is created as a new machine at home-datastore, so the options must name a datastore",
  },
  {
    code: "datastore-reach",
    ...reprotecting,
    breaks: ({ masterTarget }) => (masterTarget.datastoreIds = []),
    found: "master target mt cannot read and write datastore ssd",
  },
  {
    code: "datastore-space",
    ...reprotecting,
    asked: alternate,
    breaks: ({ home }) => (home.datastores = [{ id: "ssd", capacityGb: 500, freeGb: 200 }]),
    found: "the machine needs 300 GB, ssd has 200",
  },
];

/** The agent has not registered yet. Only a host whose emulated time is as slow as real time shows this. */
export const BROKEN_FOR_MINUTES: readonly Broken[] = [
  {
    code: "agent-registered",
    ...reprotecting,
    asked: { waitForAgent: "false" },
    found: "agent not installed: vm has not registered with the configuration server yet",
  },
];
