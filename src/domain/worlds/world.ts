import { z } from "zod";
import { machineAnswers } from "../plans/probes.js";
import { Address, AddressRange, Id, Name } from "../text.js";
import { Scenario, SiteKind } from "../vocabulary.js";
import { machineTopology, siteTopology } from "./topology.js";

export const Host = z.strictObject({
  id: Id,
  cpus: z.int().min(1).max(1_024),
  memoryMb: z.int().min(1_024).max(33_554_432),
  /** False for an ESXi host that no vCenter manages. */
  managed: z.boolean().default(true),
  /** With a free licence, a failover works but a failback is refused (V8). */
  licence: z.enum(["free", "paid"]).default("paid"),
  /** Memory for machines that fail back. The default is no limit. */
  freeMemoryMb: z.int().min(0).max(33_554_432).optional(),
  /** Datastores that the host can access. The default is every datastore of the site. */
  datastoreIds: z.array(Id).max(1_000).optional(),
});

export type Host = z.infer<typeof Host>;

export const Datastore = z.strictObject({
  id: Id,
  capacityGb: z.number().positive().max(10_000_000),
  freeGb: z.number().min(0).max(10_000_000),
});

export const Subnet = z.strictObject({
  name: Id,
  range: AddressRange,
  /** Addresses of machines that Secondsite does not protect. */
  inUse: z.array(Address).max(4_096).optional(),
});

export const Network = z.strictObject({
  id: Id,
  subnets: z.array(Subnet).min(1).max(100),
});
export type Network = z.infer<typeof Network>;

/** The quota of a site. A missing number is no limit. */
export const Quota = z.strictObject({
  cores: z.int().min(0).optional(),
  coresUsed: z.int().min(0).default(0),
  networkInterfaces: z.int().min(0).optional(),
  networkInterfacesUsed: z.int().min(0).default(0),
});

/** A machine size that a site offers. */
export const MachineSize = z.strictObject({
  name: Id,
  cpus: z.int().min(1).max(1_024),
  memoryMb: z.int().min(512).max(33_554_432),
  maxDataDisks: z.int().min(0).max(256),
});
export type MachineSize = z.infer<typeof MachineSize>;

export const Site = z.strictObject({
  id: Id,
  name: Name,
  kind: SiteKind,
  hosts: z.array(Host).max(1_000).default([]),
  datastores: z.array(Datastore).max(1_000).default([]),
  networks: z.array(Network).max(200).default([]),
  resourceGroups: z.array(Name).max(500).default([]),
  availabilitySets: z.array(Name).max(500).default([]),
  sizes: z.array(MachineSize).max(500).default([]),
  /** Names of machines at the site that Secondsite does not protect. */
  existingMachines: z.array(Name).max(5_000).default([]),
  quota: Quota.optional(),
  ...siteTopology,
});
export type Site = z.infer<typeof Site>;

/** A network connection between two sites. */
export const Link = z.strictObject({
  id: Id,
  kind: z.enum(["vpn", "expressroute", "internet"]),
  between: z.tuple([Id, Id]),
  bandwidthMbps: z.number().positive().max(400_000),
  /** ExpressRoute only. Data to a public storage endpoint needs `public` or `microsoft` (V9). */
  peerings: z
    .array(z.enum(["private", "public", "microsoft"]))
    .max(3)
    .default(["private"]),
  /** False while the connection is down. */
  connected: z.boolean().default(true),
});
export type Link = z.infer<typeof Link>;

/** How an item is replicated, and how long its recovery points are kept. */
export const ReplicationPolicy = z.strictObject({
  id: Id,
  crashConsistentMinutes: z.int().min(1).max(60).default(5),
  /** 0: no app-consistent recovery points. */
  appConsistentMinutes: z.union([z.literal(0), z.int().min(60).max(720)]).default(60),
  retentionDays: z.int().min(0).max(15).default(1),
  rpoThresholdSeconds: z.int().min(60).max(86_400).default(900),
});
export type ReplicationPolicy = z.infer<typeof ReplicationPolicy>;

export const Disk = z.strictObject({ name: Name, sizeGb: z.number().positive().max(65_536) });
export const Nic = z.strictObject({
  name: Name,
  networkId: Id,
  subnet: Id.optional(),
  ip: Address.optional(),
  assignment: z.enum(["static", "dhcp"]).default("dhcp"),
});

/** A VM or a physical server at a site. */
export const Machine = z.strictObject({
  id: Id,
  name: Name,
  siteId: Id,
  hostId: Id.optional(),
  datastoreId: Id.optional(),
  form: z.enum(["vm", "physical"]),
  osFamily: z.enum(["windows", "linux"]),
  os: Name,
  cpus: z.int().min(1).max(1_024),
  memoryMb: z.int().min(256).max(33_554_432),
  boot: z.enum(["bios", "uefi"]),
  /** The first disk is the disk of the operating system. */
  disks: z.array(Disk).min(1).max(256),
  nics: z.array(Nic).min(1).max(32),
  ...machineTopology,
  ...machineAnswers,
});
export type Machine = z.infer<typeof Machine>;

/** The place of one further interface at the other site. Without a network it is not connected there. */
export const TargetInterface = z.strictObject({
  /** The name of the interface at the machine. */
  name: Name,
  networkId: Id.optional(),
  subnet: Id.optional(),
  ip: Address.optional(),
  testNetworkId: Id.optional(),
});
export type TargetInterface = z.infer<typeof TargetInterface>;

/** The settings of the replica when it is started at the other site. They can be changed until the failover (P3). */
export const TargetSettings = z.strictObject({
  name: Name.optional(),
  resourceGroup: Name.optional(),
  size: Id.optional(),
  availabilitySet: Name.optional(),
  managedDisks: z.boolean().default(true),
  /** These four place the first interface of the machine. */
  networkId: Id.optional(),
  subnet: Id.optional(),
  ip: Address.optional(),
  testNetworkId: Id.optional(),
  /** The places of its other interfaces. */
  interfaces: z.array(TargetInterface).max(31).optional(),
});
export type TargetSettings = z.infer<typeof TargetSettings>;

/** One machine under protection, with its replica at the other site. */
export const ProtectedItem = z.strictObject({
  id: Id,
  machineId: Id,
  scenario: Scenario,
  sourceSiteId: Id,
  targetSiteId: Id,
  policyId: Id,
  replicationGroupId: Id.optional(),
  target: TargetSettings.prefault({}),
  /** The write rate of the workload. It decides the replication lag and the loss of an unplanned failover. */
  changeRateMbPerSecond: z.number().min(0).max(500).default(1),
  /** The protected disks. A machine may have got more since (A5). The default is all disks. */
  protectedDisks: z.array(Name).min(1).max(256).optional(),
});
export type ProtectedItem = z.infer<typeof ProtectedItem>;

/** Items that share consistent recovery points. */
export const ReplicationGroup = z.strictObject({ id: Id, name: Name });

/** The target of the interfaces of a source network, unless the target settings of an item say otherwise. */
export const NetworkMapping = z.strictObject({
  fromSiteId: Id,
  fromNetworkId: Id,
  toSiteId: Id,
  toNetworkId: Id,
  /** The isolated network for tests. By default, one is created for each test and removed with it. */
  testNetworkId: Id.optional(),
});
export type NetworkMapping = z.infer<typeof NetworkMapping>;

/** An estate: its sites and machines, and how they are protected. */
export const World = z.strictObject({
  id: Id,
  name: Name,
  /** The seed of all durations and lags, so that a run can be repeated. */
  seed: z.int().min(0).max(4_294_967_295).default(1),
  sites: z.array(Site).min(1).max(50),
  links: z.array(Link).max(200).default([]),
  networkMappings: z.array(NetworkMapping).max(2_000).default([]),
  policies: z.array(ReplicationPolicy).min(1).max(100),
  replicationGroups: z.array(ReplicationGroup).max(500).default([]),
  machines: z.array(Machine).min(1).max(5_000),
  items: z.array(ProtectedItem).max(5_000).default([]),
});
export type World = z.infer<typeof World>;
export type WorldInput = z.input<typeof World>;
