import type { ErrorCode } from "../domain/errors.js";
import type { CopySnapshot, EstateSnapshot, ItemSnapshot, SiteSnapshot } from "../domain/items/snapshot.js";
import type { Observation } from "../domain/plans/probes.js";
import type { DataLoss, DiskCoverage, RecoveryPoint } from "../domain/recovery-points/recovery-point-choice.js";
import type { Direction } from "../domain/vocabulary.js";
import type { TargetSettings, World } from "../domain/worlds/world.js";

/** How many writes a disk had taken; equal sequences mean equal content. */
export interface DiskSequence {
  disk: string;
  sequence: number;
}

/**
 * How a turned replication caught up: by a full copy, since the machine is made anew; by what changed alone, since the
 * old copy is there; or not at all, since it was set up by the failover already.
 */
export type CaughtUpBy = "full" | "deltas" | "already-set";

/**
 * What each operation on an item takes and gives. Each is one effect, under one task key. `source` is the copy that
 * replication reads from and `replica` the one that receives, whichever site they are at: a reversal swaps them.
 */
export interface ItemOperations {
  /** Guest shutdown of the copy that runs the workload. */
  "shut-down-source": { params: object; result: { offSince: string; sequences: DiskSequence[] } };
  /** Sends everything the shut-down source still has; refuses `operation-refused` while it runs. Zero loss afterwards. */
  "final-synchronise": { params: object; result: { point: RecoveryPoint; sequences: DiskSequence[] } };
  /** Makes a point of all data received (choice `latest`); when nothing waits, the newest processed point is the answer. */
  "process-pending-data": { params: object; result: { point: RecoveryPoint } };
  /** No recovery point is made after this, and none is pruned. */
  "stop-replication": { params: object; result: { stoppedAt: string } };
  /**
   * Makes the replica the workload's copy, from a point. `epoch` must be above the item's, or it refuses `stale-epoch`.
   * A replica that was promoted before is set to the new point (change of recovery point) and is off afterwards.
   */
  "promote-replica": {
    /** `planned`: sources were let go on purpose; where the scenario does so, reverse replication is set up with it. */
    params: { pointId: string; epoch: number; planned?: boolean };
    result: { epoch: number; point: RecoveryPoint; dataLoss: DataLoss; sequences: DiskSequence[] };
  };
  /** Boots the promoted replica; refuses `stale-epoch` when the epoch is not the item's. */
  "start-replica": { params: { epoch: number }; result: { startedAt: string; copy: CopySnapshot } };
  /** Keeps the promoted copy and deletes every recovery point (commit). */
  "delete-recovery-points": { params: object; result: { deleted: number } };
  /** Undo of promotion and start: the replica is off and a replica again. Raises the epoch. */
  "demote-replica": { params: { epoch: number }; result: { epoch: number } };
  /** Undo of shut-down. */
  "restart-source": { params: object; result: { startedAt: string; copy: CopySnapshot } };
  /** Undo of stop-replication: replication goes on from primary to recovery, points are made again. */
  "restore-replication": { params: object; result: { replicatingSince: string } };
  /** A copy of the machine on an isolated network; source and replication are not touched. */
  "create-test-copy": {
    params: { pointId: string; networkId: string };
    result: { name: string; point: RecoveryPoint };
  };
  "start-test-copy": { params: object; result: { startedAt: string; copy: CopySnapshot } };
  /** The test copy becomes the workload's copy, from the point it was made from. `epoch` as in promote-replica. */
  "promote-test-copy": {
    params: { epoch: number };
    result: { epoch: number; point: RecoveryPoint; dataLoss: DataLoss; copy: CopySnapshot; startedAt: string };
  };
  /** Removes the test copy; one that is not there is no error. */
  "remove-test-copy": { params: object; result: { removed: boolean } };
  /** The agent of the running copy at its configuration server: refuses `agent-not-installed`, or waits for it (F7). */
  "await-agent": { params: { wait: boolean }; result: { registeredAt: string | null } };
  /**
   * Turns replication round after a commit. `anew` makes the machine that receives: a full copy onto the host and
   * datastore given; otherwise the old copy takes what changed. `create` names resources that are made for it.
   */
  "reverse-replication": {
    params: { anew: boolean; hostId?: string | undefined; datastoreId?: string | undefined; create: string[] };
    result: {
      direction: Direction;
      caughtUpBy: CaughtUpBy;
      bytes: number;
      point: RecoveryPoint;
      created: string[];
      removed: string[];
    };
  };
  /** Removes what a failback left at the recovery site, where the scenario does so at commit (P13). */
  "remove-old-machine": { params: object; result: { removed: string[] } };
  /** Ends protection of an item whose workload is at home, and cleans up what the scenario lets it (A10). */
  "disable-replication": { params: object; result: { removed: string[]; remaining: string[] } };
  /** Protects an item anew: a full copy to the recovery site. */
  "enable-replication": { params: object; result: { bytes: number; point: RecoveryPoint } };
  /** Compares both copies whole and sends what differs. */
  resynchronise: { params: object; result: { bytes: number } };
}

/** The same for operations on a site. */
export interface SiteOperations {
  /** An isolated network for a test; its id is made from the execution's. */
  "create-test-network": { params: object; result: { networkId: string } };
  "remove-test-network": { params: object; result: { removed: boolean } };
  /** Sets up a process server; it appears after 10 to 15 minutes (V4). */
  "deploy-process-server": { params: { processServerId: string }; result: { processServerId: string } };
}

export type ItemOperation = keyof ItemOperations;
export type SiteOperation = keyof SiteOperations;
export type OperationName = ItemOperation | SiteOperation;

/** Asks for an operation on an item. `key` is `executionId/step/itemId` and stands for one effect for ever. */
export interface ItemTask<O extends ItemOperation> {
  worldId: string;
  executionId: string;
  key: string;
  itemId: string;
  operation: O;
  params: ItemOperations[O]["params"];
}

export interface SiteTask<O extends SiteOperation> {
  worldId: string;
  executionId: string;
  key: string;
  siteId: string;
  operation: O;
  params: SiteOperations[O]["params"];
}

/** The answer to begin-or-look. Times are emulated unless said otherwise. */
export type TaskReply<R> =
  /** Look again at `doneAt`: real (host) time, the clock that durable timers run on. `hanging` says that the end is not known, `begun` is false while it waits for another operation or for a place. */
  | { state: "waiting"; doneAt: string; hanging: boolean; begun: boolean }
  | { state: "done"; result: R; startedAt: string; endedAt: string }
  /** A refusal: the same key answers the same for ever. Faults that may pass are thrown as RecoveryError instead. */
  | { state: "failed"; code: ErrorCode; message: string };

/** Which copy of an item is looked at. */
export type StartedCopy = { kind: "replica" } | { kind: "test-copy"; executionId: string };

/** What is left of tests at a place; empty lists are the proof that nothing is. */
export interface Leftovers {
  testCopies: { itemId: string; siteId: string; executionId: string; name: string }[];
  /** `itemIds`: those of the items asked for that are at its site. */
  testNetworks: { siteId: string; networkId: string; executionId: string; itemIds: string[] }[];
}

/** The recovery points of an item at a moment, newest first. */
export interface RecoveryPoints {
  itemId: string;
  replicationGroupId: string | null;
  points: RecoveryPoint[];
  /** True when data was received that is in no point yet: `latest` has something to process. */
  pending: boolean;
  /** Null when the points hold every disk; one added after protection is in none (A5). */
  disks: DiskCoverage | null;
  /** The emulated moment of the answer. */
  at: string;
}

/**
 * What a real vCenter, VMM or Azure driver would implement. Operations are level-triggered: call with a key to begin,
 * call again with the same key to look. Calling twice, from two processes or after a restart does no harm. Refusals
 * are answers; `site-unreachable` and `operation-failed` are thrown and may be retried with the same key.
 */
export interface Hypervisor {
  describeItems(worldId: string, itemIds: readonly string[]): Promise<ItemSnapshot[]>;
  describeSite(worldId: string, siteId: string): Promise<SiteSnapshot>;
  /** Items and all of their sites, for prerequisites. */
  describeEstate(worldId: string, itemIds: readonly string[]): Promise<EstateSnapshot>;
  recoveryPoints(worldId: string, itemId: string): Promise<RecoveryPoints>;
  /** What a started copy answers with: the replica, or the test copy of an execution. */
  observe(worldId: string, itemId: string, copy: StartedCopy): Promise<Observation>;
  /** Replaces what an item gets at the other site; refuses `etag-mismatch` when it is not what the caller saw. */
  replaceTarget(worldId: string, itemId: string, seen: TargetSettings, target: TargetSettings): Promise<void>;
  /**
   * Test copies of these items and test networks of their sites, also of those that they came from, that belong to the
   * execution, or to any when null.
   */
  leftovers(worldId: string, itemIds: readonly string[], executionId: string | null): Promise<Leftovers>;
  runOnItem<O extends ItemOperation>(task: ItemTask<O>): Promise<TaskReply<ItemOperations[O]["result"]>>;
  /**
   * Gives up what was begun on an item under a key: unless it has taken effect by now, it never will. One that is not
   * under way is no error.
   */
  giveUp(worldId: string, itemId: string, key: string): Promise<void>;
  runOnSite<O extends SiteOperation>(task: SiteTask<O>): Promise<TaskReply<SiteOperations[O]["result"]>>;
}

/** What only the emulator has, beside the port: an estate to load, faults, and the ledger that a checker reads. */
export interface EmulatedEstate {
  /** Loads or replaces a world; every machine is on, every item replicating. */
  loadWorld(world: World): Promise<void>;
  /** The emulated moment in the world, ISO 8601. */
  now(worldId: string): Promise<string>;
  addFault(worldId: string, fault: FaultInput): Promise<Fault>;
  listFaults(worldId: string): Promise<Fault[]>;
  /** Clears one fault, or all when the id is missing; hanging operations go on. */
  clearFaults(worldId: string, faultId?: string): Promise<number>;
  /** Accepted mutations of an item or site, oldest first. */
  ledger(worldId: string, subject: LedgerSubject): Promise<LedgerEntry[]>;
  /** What the copies of an item hold now: ground truth for data loss and single-writer checks. */
  groundTruth(worldId: string, itemId: string): Promise<GroundTruth>;
  /** The copy that was left behind by a failover comes up again by itself, workload and all. */
  simulateSourceReturn(worldId: string, itemId: string): Promise<void>;
  /** Keeps what a site's configuration server knows now; refuses `not-found` where there is none (V3). */
  backUpConfigurationServer(worldId: string, siteId: string): Promise<void>;
  /** Sets it up anew from its backup, at an address of its own or at the one it had; refuses `not-found` without a backup. */
  restoreConfigurationServer(worldId: string, siteId: string, ip: string | undefined): Promise<void>;
  /** A person has done what a condition asks for; refuses `not-found` when the item does not have it. */
  resolveCondition(worldId: string, itemId: string, type: string): Promise<void>;
}

export type LedgerSubject = { itemId: string } | { siteId: string };

/** One accepted mutation. */
export interface LedgerEntry {
  sequence: number;
  /** Emulated time at which the operation began; from then until `at` it was under way. */
  beganAt: string;
  /** Emulated time at which the effect took place. */
  at: string;
  /** The hypervisors at which it was under way; none for what only waits for somebody else. */
  siteIds: string[];
  executionId: string;
  /** The task key: at most one entry has it. */
  key: string;
  operation: OperationName;
  /** The item's epoch after the effect; 0 for sites. */
  epoch: number;
  /** State after the effect, for invariants about writers. */
  after: { source: CopySnapshot; replica: CopySnapshot } | null;
  result: unknown;
}

export interface GroundTruth {
  source: { power: "on" | "off"; writable: boolean; sequences: DiskSequence[] };
  replica: { power: "on" | "off"; writable: boolean; sequences: DiskSequence[] };
  epoch: number;
}

/** How an injected fault shows. `hang` ends when the fault is cleared; `slow` multiplies durations by `factor`. */
export interface FaultInput {
  target: { itemId: string } | { siteId: string } | { linkId: string };
  /** Missing means every operation. */
  operation?: OperationName | undefined;
  mode: "fail-before" | "fail-after" | "refuse" | "hang" | "slow";
  /** Only for `slow`; from above 1 to 1,000. */
  factor?: number | undefined;
  /** How many times it shows per item before it is spent; missing means until cleared. Not for `hang` and `slow`. */
  times?: number | undefined;
}

export interface Fault extends FaultInput {
  faultId: string;
  /** Real (host) time. */
  addedAt: string;
}
