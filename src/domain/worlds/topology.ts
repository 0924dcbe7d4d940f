import { z } from "zod";
import { Address, Id, Instant, Name } from "../text.js";

export const MAX_MASTER_TARGET_DISKS = 60;

/** The ports of a process server for management and for replication data (V4). */
export const PROCESS_SERVER_PORTS = [443, 9443] as const;

/** The server that manages the ESXi hosts of a site, and the rights of the discovery account (V3, V8). */
export const VCenter = z.strictObject({
  id: Id,
  /** The role of the discovery account: `read-only` is enough for a failover, but not for a reprotect. */
  accountRole: z.enum(["read-only", "full"]).default("full"),
});
export type VCenter = z.infer<typeof VCenter>;

/** Ids of machines that a configuration server no longer knows. */
const Forgotten = z.array(Id).max(5_000).default([]);

/** The server where the machines of a site are registered. It cannot finish the failback of an unknown machine (V3). */
export const ConfigurationServer = z.strictObject({
  id: Id,
  ip: Address.optional(),
  forgotten: Forgotten,
  /** The address that the machines use, which can differ from its own after a restore. */
  knownAt: Address.optional(),
  /** Its newest backup: its time, the address of the server then, and the machines that it did not know then. */
  backup: z.strictObject({ takenAt: Instant, ip: Address.optional(), forgotten: Forgotten }).optional(),
  /** SHA-256 in hexadecimal of `<id>:<passphrase>`. The deployment of a process server requires the passphrase (V4). */
  passphraseHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "use 64 lower-case hexadecimal digits")
    .optional(),
  /** False until the hosts of the site were discovered. The reprotect of a physical server needs them (P10). */
  hostsDiscovered: z.boolean().default(true),
});
export type ConfigurationServer = z.infer<typeof ConfigurationServer>;

/** Receives replication data and relays it. It is in Azure or on-premises, like its site (P9). */
export const ProcessServer = z.strictObject({
  id: Id,
  /** For people; the id when missing. */
  name: Name.optional(),
  /** In Azure: the network and subnet that it is deployed in, which are those of the machines that it serves (V4). */
  networkId: Id.optional(),
  subnet: Id.optional(),
  ip: Address.optional(),
  openPorts: z
    .array(z.int().min(1).max(65_535))
    .max(50)
    .default([...PROCESS_SERVER_PORTS]),
});
export type ProcessServer = z.infer<typeof ProcessServer>;

/** Receives the data of a failback and writes it to the datastores of the site (P10, P11, V5). */
export const MasterTarget = z.strictObject({
  id: Id,
  ip: Address.optional(),
  osFamily: z.enum(["windows", "linux"]),
  hostId: Id,
  /** Datastores that it can read and write. The default is every datastore of the site. */
  datastoreIds: z.array(Id).max(1_000).optional(),
  /** `disk.EnableUUID` of the virtual machine. */
  diskEnableUuid: z.boolean().default(true),
  /** SCSI ids of its disks, if known. A Linux master target distinguishes its disks by them (V5). */
  scsiIds: z.array(Name).max(256).optional(),
  /** The drive for retention data, such as `R:` or `/mnt/retention`, if it has one. */
  retentionDrive: Name.optional(),
  /** Disks that are attached to it already. */
  attachedDisks: z.int().min(0).max(256).default(0),
  /** Storage vMotion of the master target makes failback fail (P10). */
  storageVMotion: z.boolean().default(false),
});
export type MasterTarget = z.infer<typeof MasterTarget>;

/** Runs the replication of a VMM cloud. The servers of both clouds must be connected for a failback (H4). */
export const VmmServer = z.strictObject({ id: Id, connected: z.boolean().default(true) });
export type VmmServer = z.infer<typeof VmmServer>;

/** The servers of a site that take part in replication. */
export const siteTopology = {
  vCenter: VCenter.optional(),
  configurationServer: ConfigurationServer.optional(),
  processServers: z.array(ProcessServer).max(100).default([]),
  masterTargets: z.array(MasterTarget).max(100).default([]),
  vmmServer: VmmServer.optional(),
} as const;

/** The properties of a machine that decide whether its failback works. */
export const machineTopology = {
  /** Snapshots at its hypervisor. They must be deleted before a reprotect (V3). */
  snapshots: z.int().min(0).max(500).default(0),
  /** Linux: false if the NetworkManager package, and therefore the network interface, is lost (V8). */
  networkManagerPackage: z.boolean().default(true),
} as const;
