import type { Broken } from "./estate.js";

const HOST = { id: "esx", cpus: 32, memoryMb: 131_072, managed: true, licence: "paid" } as const;
const MASTER_TARGET = {
  id: "mt",
  osFamily: "windows",
  hostId: "esx",
  diskEnableUuid: true,
  retentionDrive: "R:",
  attachedDisks: 0,
  storageVMotion: false,
} as const;
const CONFIGURATION_SERVER = {
  id: "config",
  ip: "10.1.0.5",
  forgotten: [],
  hostsDiscovered: true,
  backup: { takenAt: "2026-01-01T00:00:00.000Z", forgotten: [] },
};

/** A reprotect of items that have failed over and are committed. */
const reprotecting = { verb: "reprotect", stage: "away" } as const;
const alternate = { location: "alternate", datastoreId: "ssd" } as const;

/** Prerequisites of the sites for a reprotect and a failback. */
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
    fix: (repair) => repair.site("home", { hosts: [HOST], masterTargets: [MASTER_TARGET] }),
  },
  {
    code: "failback-link",
    ...reprotecting,
    breaks: ({ link }) => (link.kind = "internet"),
    found: "no VPN and no ExpressRoute with private peering joins away-failback-link and home-failback-link",
    fix: (repair) => repair.link({ kind: "vpn" }),
  },
  {
    code: "host-memory",
    verb: "failback",
    stage: "home",
    breaks: ({ host }) => (host.freeMemoryMb = 4_096),
    found: "host esx has 4096 MB free, the machine needs 8192 MB",
    fix: (repair) => repair.site("home", { hosts: [HOST] }),
  },
  {
    code: "host-licence",
    ...reprotecting,
    breaks: ({ host }) => (host.licence = "free"),
    found: "host esx has the free licence of ESXi",
    fix: (repair) => repair.site("home", { hosts: [HOST] }),
  },
  {
    code: "hosts-discovered",
    ...reprotecting,
    scenario: "physical-to-azure",
    asked: { datastoreId: "ssd" },
    breaks: ({ home }) => Object.assign(home.configurationServer ?? {}, { hostsDiscovered: false }),
    found: "the hosts of home-hosts-discovered have not been discovered yet",
    fix: (repair) => repair.site("home", { configurationServer: CONFIGURATION_SERVER }),
  },
  {
    code: "discovery-account",
    ...reprotecting,
    breaks: ({ home }) => (home.vCenter = { id: "vcenter", accountRole: "read-only" }),
    found: "the discovery account at vcenter is read-only",
    fix: (repair) => repair.site("home", { vCenter: { id: "vcenter", accountRole: "full" } }),
  },
  {
    code: "configuration-server-knows",
    ...reprotecting,
    breaks: ({ home, machine }) => Object.assign(home.configurationServer ?? {}, { forgotten: [machine.id] }),
    found: "config no longer knows vm",
    fix: (repair) => repair.restore("10.1.0.5"),
  },
  {
    code: "configuration-server-address",
    ...reprotecting,
    breaks: ({ home }) => Object.assign(home.configurationServer ?? {}, { knownAt: "10.1.0.99" }),
    found: "config answers at 10.1.0.5, the machines use 10.1.0.99",
    fix: (repair) => repair.restore("10.1.0.99"),
  },
  {
    code: "configuration-server-backup",
    ...reprotecting,
    breaks: ({ home }) => delete home.configurationServer?.backup,
    found: "config has no backup",
    fix: (repair) => repair.backUp(),
  },
  {
    code: "no-snapshots",
    ...reprotecting,
    breaks: ({ machine }) => (machine.snapshots = 3),
    found: "vm has 3 snapshots",
    fix: (repair) => repair.machine({ snapshots: 0 }),
  },
  {
    code: "home-name-clash",
    ...reprotecting,
    asked: alternate,
    breaks: ({ home }) => (home.existingMachines = ["VM"]),
    found: "another machine named vm is at home-home-name-clash",
    fix: (repair) => repair.site("home", { existingMachines: [] }),
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
    asked: { acknowledgeNoTest: "true" },
    found: "10.1.0.9 is in use in subnet data",
    fix: (repair) =>
      repair.site("home", { networks: [{ id: "net-home", subnets: [{ name: "data", range: "10.1.0.0/24" }] }] }),
  },
  {
    code: "machine-running",
    ...reprotecting,
    later: (repair) => repair.machine({ power: "off" }),
    found: "vm is stopped at away-machine-running",
    fix: (repair) => repair.machine({ power: "on" }),
  },
  {
    code: "configuration-server",
    ...reprotecting,
    breaks: ({ home }) => delete home.configurationServer,
    found: "home-configuration-server has no configuration server",
    fix: (repair) => repair.site("home", { configurationServer: CONFIGURATION_SERVER }),
  },
  {
    code: "untested-home",
    verb: "planned-failback",
    stage: "home",
    scenario: "hyperv-to-hyperv",
    found: "the failback of untested-home has never been tested",
    fix: (repair) => repair.run(["test-failover", "test-clean-up"]),
    mends: "test-failover",
  },
  {
    code: "untested-home-acknowledged",
    verb: "failback",
    stage: "home",
    scenario: "azure-to-azure",
    found: "the failback of untested-home-acknowledged has never been tested",
    fix: (repair) => repair.run(["test-failover", "test-clean-up"]),
    mends: "test-failover",
  },
  {
    code: "active-site",
    ...reprotecting,
    loses: "away",
    found: "away-active-site cannot be reached",
    fix: (repair) => repair.reconnect(),
  },
  {
    code: "address-lost",
    verb: "failback",
    stage: "home",
    breaks: ({ machine }) => Object.assign(machine.nics[0] ?? {}, { assignment: "static", ip: "10.1.0.9" }),
    found: "vm has a static address, which becomes DHCP during the failback",
    fix: (repair) =>
      repair.machine({ nics: [{ name: "nic", networkId: "net-home", subnet: "data", assignment: "dhcp" }] }),
  },
  {
    code: "network-manager",
    ...reprotecting,
    breaks: ({ machine, masterTarget }) => {
      Object.assign(machine, { osFamily: "linux", os: "Ubuntu 24.04", networkManagerPackage: false });
      masterTarget.osFamily = "linux";
    },
    found: "vm lacks the NetworkManager package",
    fix: (repair) => repair.machine({ networkManagerPackage: true }),
  },
  {
    code: "recovery-site",
    verb: "planned-failback",
    stage: "home",
    scenario: "azure-to-azure",
    asked: { acknowledgeNoTest: "true" },
    loses: "away",
    found: "away-recovery-site cannot be reached",
    fix: (repair) => repair.reconnect(),
    mends: "failback",
  },
];

/** The agent has not registered yet. Only a host whose emulated time is as slow as real time shows this. */
export const BROKEN_FOR_MINUTES: readonly Broken[] = [
  {
    code: "agent-registered",
    ...reprotecting,
    asked: { waitForAgent: "false" },
    found: "agent not installed: vm has not registered with the configuration server yet",
    instead: { waitForAgent: "true" },
  },
];
