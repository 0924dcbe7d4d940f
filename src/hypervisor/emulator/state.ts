import { z } from "zod";
import { type ErrorCode, isErrorCode } from "../../domain/errors.js";
import { CopySnapshot } from "../../domain/items/snapshot.js";
import { RecoveryPoint } from "../../domain/recovery-points/recovery-point-choice.js";
import { Id } from "../../domain/text.js";
import { Direction } from "../../domain/vocabulary.js";
import { Link, Machine, ProtectedItem, ReplicationPolicy, Site } from "../../domain/worlds/world.js";
import { OperationName } from "../../steps/catalogue.js";
import type { Codec } from "../../store/tables/codec.js";

/** Milliseconds since the epoch, in emulated time unless a name says real. */
const Ms = z.number();

export const Copy = CopySnapshot;
export type Copy = CopySnapshot;

/** A span in which a copy took writes; open while `toMs` is null. */
const Span = z.strictObject({ fromMs: Ms, toMs: Ms.nullable() });
export type Span = z.infer<typeof Span>;

/** What any operation may be given. */
export const Params = z.strictObject({
  pointId: Id.optional(),
  epoch: z.int().optional(),
  networkId: Id.optional(),
  planned: z.boolean().optional(),
  wait: z.boolean().optional(),
  anew: z.boolean().optional(),
  hostId: Id.optional(),
  datastoreId: Id.optional(),
  create: z.array(z.string()).optional(),
  processServerId: Id.optional(),
});
export type Params = z.infer<typeof Params>;

const Code = z.custom<ErrorCode>((code) => typeof code === "string" && isErrorCode(code));

/** An operation under its key. A running one without `dueMs` hangs. */
const taskBase = { operation: OperationName, executionId: z.string(), params: Params, beganMs: Ms };
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

/** What items and sites have in common: tasks by key, the newest ledger entries, how often faults showed. */
const subject = {
  tasks: z.record(z.string(), Task),
  ledger: z.array(Entry),
  /** Entries ever made; the older ones are in ledger rows. */
  entries: z.int(),
  faultHits: z.record(z.string(), z.int()),
};

/** One protected item in the emulated world: both copies, what is replicated, tests, tasks and ledger, in one row. */
export const EmulatedItem = z.strictObject({
  ...subject,
  kind: z.literal("item"),
  id: Id,
  item: ProtectedItem,
  machine: Machine,
  policy: ReplicationPolicy,
  seed: z.int(),
  epoch: z.int(),
  /** Which way it replicates, or did last; `source` is the copy that it reads from, at either site. */
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
  /** Points made on demand, beside those of the schedule. */
  madePoints: z.array(RecoveryPoint),
  pointsDeleted: z.boolean(),
  /** The point the replica was promoted from; null while it is a replica. */
  promotedFrom: RecoveryPoint.nullable(),
  /** A planned failover has set up replication the other way already (H). */
  reversed: z.boolean(),
  /** When the running copy's agent is known to the configuration server; null when it is, or needs not be. */
  agentAtMs: Ms.nullable(),
  conditions: z.array(
    z.strictObject({ type: z.enum(["split-brain", "address-is-dhcp", "network-manager-lost"]), sinceMs: Ms }),
  ),
  leftBehind: z.array(z.enum(["machine", "disks"])),
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
  ...subject,
  kind: z.literal("site"),
  id: Id,
  site: Site,
  machineNames: z.array(z.string()),
  testNetworks: z.array(z.strictObject({ id: Id, executionId: z.string() })),
  seed: z.int(),
});
export type EmulatedSite = z.infer<typeof EmulatedSite>;

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

/** What every operation needs to know of its world: the clock's anchor, where rows are, and the faults. */
export const WorldHeader = z.strictObject({
  worldId: Id,
  /** Part of the partition keys of this load; another load gets another. */
  load: z.string(),
  shards: z.int().min(1),
  anchor: z.strictObject({ realMs: z.number(), emulatedMs: Ms, speed: z.number() }),
  links: z.array(Link),
  siteIds: z.array(Id),
  faults: z.array(StoredFault),
  faultsEver: z.int(),
});
export type WorldHeader = z.infer<typeof WorldHeader>;

/** The version of all rows of a world: when the shape of one changes, worlds are imported again. */
const schema = 2;
export const ITEM: Codec<EmulatedItem> = { what: "emulated item", schema, shape: EmulatedItem };
export const SITE: Codec<EmulatedSite> = { what: "emulated site", schema, shape: EmulatedSite };
export const HEADER: Codec<WorldHeader> = { what: "emulated world", schema, shape: WorldHeader };
export const LEDGER: Codec<Entry[]> = { what: "ledger", schema, shape: z.array(Entry) };

/** As much of a header as every version has: where its rows are. */
export const Load = WorldHeader.pick({ worldId: true, load: true, shards: true }).loose();
export type Load = Pick<WorldHeader, "worldId" | "load" | "shards">;
