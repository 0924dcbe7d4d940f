import { z } from "zod";
import { type ErrorCode, isErrorCode } from "../../domain/errors.js";
import { CopySnapshot } from "../../domain/items/snapshot.js";
import { RecoveryPoint } from "../../domain/recovery-points/recovery-point-choice.js";
import { Address, Id, Name } from "../../domain/text.js";
import { Direction } from "../../domain/vocabulary.js";
import { Link, Machine, ProtectedItem, ReplicationPolicy, Site } from "../../domain/worlds/world.js";
import { OperationName } from "../../steps/catalogue.js";
import type { Codec } from "../../store/tables/codec.js";

/** Milliseconds since the epoch, in emulated time unless a name says real. */
const Ms = z.number();

export const Copy = CopySnapshot;
export type Copy = CopySnapshot;

/** A time span in which a copy took writes; open while `toMs` is null. */
const Span = z.strictObject({ fromMs: Ms, toMs: Ms.nullable() });
export type Span = z.infer<typeof Span>;

/** The parameters of all operations together. */
export const Params = z.strictObject({
  pointId: Id.optional(),
  epoch: z.int().optional(),
  networkId: Id.optional(),
  planned: z.boolean().optional(),
  wait: z.boolean().optional(),
  newMachine: z.boolean().optional(),
  hostId: Id.optional(),
  datastoreId: Id.optional(),
  create: z.array(z.string()).optional(),
  processServerId: Id.optional(),
  name: Name.optional(),
  subnet: Id.optional(),
  ip: Address.optional(),
});
export type Params = z.infer<typeof Params>;

const Code = z.custom<ErrorCode>((code) => typeof code === "string" && isErrorCode(code));

const taskBase = { operation: OperationName, executionId: z.string(), params: Params, beganMs: Ms };
/** An operation under its key. A running one without `dueMs` hangs. */
export const Task = z.discriminatedUnion("state", [
  z.strictObject({ ...taskBase, state: z.literal("running"), dueMs: Ms.nullable() }),
  z.strictObject({ ...taskBase, state: z.literal("done"), endedMs: Ms, result: z.unknown() }),
  z.strictObject({ ...taskBase, state: z.literal("failed"), code: Code, message: z.string() }),
]);
export type Task = z.infer<typeof Task>;

export const Entry = z.strictObject({
  sequence: z.int(),
  beganAt: z.string(),
  at: z.string(),
  siteIds: z.array(Id),
  executionId: z.string(),
  key: z.string(),
  operation: OperationName,
  epoch: z.int(),
  after: z.strictObject({ source: Copy, replica: Copy }).nullable(),
  result: z.unknown(),
});
export type Entry = z.infer<typeof Entry>;

/** Fields that items and sites share: tasks by key, the newest ledger entries, how often each fault has shown. */
const entityFields = {
  /** Counts the writes of the row. */
  revision: z.int(),
  tasks: z.record(z.string(), Task),
  ledger: z.array(Entry),
  /** The number of entries ever made. Older ones are in ledger rows. */
  entries: z.int(),
  faultHits: z.record(z.string(), z.int()),
};

/** One protected item of the emulated world in one row: both copies, replication, test copies, tasks and ledger. */
export const EmulatedItem = z.strictObject({
  ...entityFields,
  kind: z.literal("item"),
  id: Id,
  item: ProtectedItem,
  machine: Machine,
  policy: ReplicationPolicy,
  seed: z.int(),
  epoch: z.int(),
  /** The direction of replication, now or last. `source` is the copy that it reads from, at either site. */
  direction: Direction,
  source: Copy,
  replica: Copy,
  /** Writes of each protected disk that the source held before its first span; none before the first reversal. */
  writesBefore: z.array(z.int()),
  sourceWrites: z.array(Span),
  replicaWrites: z.array(Span),
  replication: z.strictObject({
    sinceMs: Ms,
    stoppedAtMs: Ms.nullable(),
    gaps: z.array(z.strictObject({ fromMs: Ms, toMs: Ms })),
  }),
  /** Recovery points made on demand; those of the schedule are computed. */
  madePoints: z.array(RecoveryPoint),
  pointsDeleted: z.boolean(),
  /** The point the replica was promoted from; null while it is a replica. */
  promotedFrom: RecoveryPoint.nullable(),
  /** True when a planned failover has already set up reverse replication (H). */
  reversed: z.boolean(),
  /** The time at which the agent of the running copy registers; null when it is registered or not needed. */
  agentAtMs: Ms.nullable(),
  conditions: z.array(
    z.strictObject({ type: z.enum(["split-brain", "address-is-dhcp", "network-manager-lost"]), sinceMs: Ms }),
  ),
  leftBehind: z.array(z.enum(["machine", "disks"])),
  /** True while the machine at home is there by a failback, and not since its import. */
  cameHome: z.boolean(),
  /** The datastore on which a reprotect created the machine at home; null when it is the original one. */
  homeDatastoreId: Id.nullable(),
  testCopies: z.array(
    z.strictObject({
      executionId: z.string(),
      networkId: Id,
      name: z.string(),
      point: RecoveryPoint,
      power: z.enum(["on", "off"]),
      startedMs: Ms.nullable(),
    }),
  ),
});
export type EmulatedItem = z.infer<typeof EmulatedItem>;

export const EmulatedSite = z.strictObject({
  ...entityFields,
  kind: z.literal("site"),
  id: Id,
  site: Site,
  machineNames: z.array(z.string()),
  /** Static addresses of the machines that were at the site at the import. */
  machineAddresses: z.array(z.strictObject({ networkId: Id, address: z.string(), itemId: Id.nullable() })),
  testNetworks: z.array(z.strictObject({ id: Id, executionId: z.string() })),
  seed: z.int(),
});
export type EmulatedSite = z.infer<typeof EmulatedSite>;

/**
 * What an item has taken at a site. An unconfirmed one may belong to an operation that never began. `revision` is that
 * of the state of the item that it follows from.
 */
const Claim = z.strictObject({
  names: z.array(z.string()),
  addresses: z.array(z.strictObject({ networkId: Id, address: z.string() })),
  cores: z.number(),
  networkInterfaces: z.number(),
  memory: z.strictObject({ hostId: Id, memoryMb: z.number() }).nullable(),
  disks: z.strictObject({ datastoreId: Id, sizeGb: z.number() }).nullable(),
  isConfirmed: z.boolean(),
  revision: z.int(),
});
export type Claim = z.infer<typeof Claim>;

/** What the items of a world have taken at one site, by item id. */
export const Claims = z.record(z.string(), Claim);
export type Claims = z.infer<typeof Claims>;

/** The target of an operation. */
export type EmulatedEntity = EmulatedItem | EmulatedSite;

export const StoredFault = z.strictObject({
  faultId: Id,
  addedAt: z.string(),
  target: z.union([z.strictObject({ itemId: Id }), z.strictObject({ siteId: Id }), z.strictObject({ linkId: Id })]),
  operation: OperationName.optional(),
  mode: z.enum(["fail-before", "fail-after", "refuse", "hang", "slow"]),
  factor: z.number().optional(),
  times: z.int().optional(),
});
export type StoredFault = z.infer<typeof StoredFault>;

/** The facts of a world that every operation needs: the clock's anchor, where the rows are, and the faults. */
export const WorldHeader = z.strictObject({
  worldId: Id,
  /** Part of the partition keys; each load of the world gets its own. */
  load: z.string(),
  shards: z.int().min(1),
  anchor: z.strictObject({ realMs: z.number(), emulatedMs: Ms, speed: z.number() }),
  links: z.array(Link),
  siteIds: z.array(Id),
  faults: z.array(StoredFault),
  faultsEver: z.int(),
});
export type WorldHeader = z.infer<typeof WorldHeader>;

/** The version of all rows of a world. When one of their shapes changes, worlds must be imported again. */
const schema = 3;
export const ITEM: Codec<EmulatedItem> = { what: "emulated item", schema, shape: EmulatedItem };
export const SITE: Codec<EmulatedSite> = { what: "emulated site", schema, shape: EmulatedSite };
export const CLAIMS: Codec<Claims> = { what: "claims at a site", schema, shape: Claims };
export const HEADER: Codec<WorldHeader> = { what: "emulated world", schema, shape: WorldHeader };
export const LEDGER: Codec<Entry[]> = { what: "ledger", schema, shape: z.array(Entry) };

/** The part of a header that every version has: where the rows are. */
export const Load = WorldHeader.pick({ worldId: true, load: true, shards: true }).loose();
export type Load = Pick<WorldHeader, "worldId" | "load" | "shards">;
