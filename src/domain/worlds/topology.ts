import { z } from "zod";
import { Address, Id, Instant, Name } from "../text.js";

/** A master target takes at most this many disks. */
export const MAX_MASTER_TARGET_DISKS = 60;

/** Ports that a process server listens on: its management and the replication data (V4). */
export const PROCESS_SERVER_PORTS = [443, 9443] as const;

/** What manages a site's ESXi hosts, and with which rights the service looks at them (V3, V8). */
export const VCenter = z.strictObject({
  id: Id,
  /** The role of the discovery account: `read-only` is enough to fail over, not to reprotect. */
  accountRole: z.enum(["read-only", "full"]).default("full"),
});
export type VCenter = z.infer<typeof VCenter>;

/** Ids of machines that a configuration server does not know any more. */
const Forgotten = z.array(Id).max(5_000).default([]);

/** Where the machines of a site are registered. One that does not know a machine cannot finish its failback (V3). */
export const ConfigurationServer = z.strictObject({
  id: Id,
  ip: Address.optional(),
  forgotten: Forgotten,
  /** The address at which machines look for it, once that may differ from its own: after a restore. */
  knownAt: Address.optional(),
  /** Its newest backup: when it was made, its address then, and what it did not know by then. */
  backup: z.strictObject({ takenAt: Instant, ip: Address.optional(), forgotten: Forgotten }).optional(),
  /** SHA-256 in hexadecimal of `<id>:<passphrase>`: who deploys a process server for it must know the passphrase (V4). */
  passphraseHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "use 64 hexadecimal digits in lower case")
    .optional(),
  /** False until the site's hosts were discovered; a physical server's reprotect needs them (P10). */
  hostsDiscovered: z.boolean().default(true),
});
export type ConfigurationServer = z.infer<typeof ConfigurationServer>;

/** Takes in replication data and passes it on. It stands in Azure or on-premises, as the site it belongs to does (P9). */
export const ProcessServer = z.strictObject({
  id: Id,
  ip: Address.optional(),
  openPorts: z
    .array(z.int().min(1).max(65_535))
    .max(50)
    .default([...PROCESS_SERVER_PORTS]),
});
export type ProcessServer = z.infer<typeof ProcessServer>;

/** Receives what comes home and writes it to the site's datastores (P10, P11, V5). */
export const MasterTarget = z.strictObject({
  id: Id,
  osFamily: z.enum(["windows", "linux"]),
  hostId: Id,
  /** Datastores it can read and write; missing means every one of the site. */
  datastoreIds: z.array(Id).max(1_000).optional(),
  /** `disk.EnableUUID` of the virtual machine. */
  diskEnableUuid: z.boolean().default(true),
  /** SCSI ids of its disks, where they were looked up; a Linux one tells its disks apart by them (V5). */
  scsiIds: z.array(Name).max(256).optional(),
  /** Where it keeps retention data, such as `R:` or `/mnt/retention`; missing means that it has none. */
  retentionDrive: Name.optional(),
  /** Disks attached to it already; it takes 60. */
  attachedDisks: z.int().min(0).max(256).default(0),
  /** Storage vMotion of the master target makes failback fail (P10). */
  storageVMotion: z.boolean().default(false),
});
export type MasterTarget = z.infer<typeof MasterTarget>;

/** Runs a VMM cloud's replication; both must be connected to the service to fail back (H4). */
export const VmmServer = z.strictObject({ id: Id, connected: z.boolean().default(true) });
export type VmmServer = z.infer<typeof VmmServer>;

/** What a site has besides hosts and networks for replication there and back. */
export const siteTopology = {
  vCenter: VCenter.optional(),
  configurationServer: ConfigurationServer.optional(),
  processServers: z.array(ProcessServer).max(100).default([]),
  masterTargets: z.array(MasterTarget).max(100).default([]),
  vmmServer: VmmServer.optional(),
} as const;

/** What a machine has besides disks and interfaces that decides whether it comes home well. */
export const machineTopology = {
  /** Snapshots at its hypervisor; they are deleted before a reprotect (V3). */
  snapshots: z.int().min(0).max(500).default(0),
  /** Linux: false when the NetworkManager package got lost, and the interface with it (V8). */
  networkManagerPackage: z.boolean().default(true),
} as const;
