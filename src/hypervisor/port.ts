import type { z } from "zod";
import type { ErrorCode } from "../domain/errors.js";
import type { CopySnapshot, EstateSnapshot, ItemSnapshot, SiteSnapshot } from "../domain/items/snapshot.js";
import type { Observation } from "../domain/plans/probes.js";
import type { DiskCoverage, RecoveryPoint } from "../domain/recovery-points/recovery-point-choice.js";
import type { LinkChange, MachineChange, SiteChange } from "../domain/worlds/estate-changes.js";
import type { EstateClock } from "../domain/worlds/estate-clock.js";
import type { MasterTarget } from "../domain/worlds/topology.js";
import type { Link, TargetSettings, World } from "../domain/worlds/world.js";
import type {
  ITEM_OPERATIONS,
  ItemOperation,
  OperationName,
  SITE_OPERATIONS,
  SiteOperation,
} from "../steps/catalogue.js";

/** The number of writes that a disk has taken. Equal sequences mean equal content. */
export interface DiskSequence {
  disk: string;
  sequence: number;
}

type OperationsOf<T extends Record<string, { params: z.ZodType; result: z.ZodType }>> = {
  [O in keyof T]: { params: z.output<T[O]["params"]>; result: z.output<T[O]["result"]> };
};

/** What each operation on an item takes and gives, as the catalogue declares it. Each is one effect, under one task key. */
export type ItemOperations = OperationsOf<typeof ITEM_OPERATIONS>;
/** The same for operations on a site. */
export type SiteOperations = OperationsOf<typeof SITE_OPERATIONS>;

export type { ItemOperation, OperationName, SiteOperation };

/** Requests an operation on an item. `key` is `executionId/step/itemId` and stands for one effect for ever. */
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

/** The reply to a call that begins or polls a task. Times are emulated unless said otherwise. */
export type TaskReply<R> =
  /**
   * Poll again at `doneAt`, in real (host) time as durable timers are. `hanging` means that the end is not known, and
   * `begun` is false while the task waits for another operation or for a slot.
   */
  | { state: "waiting"; doneAt: string; hanging: boolean; begun: boolean }
  | { state: "done"; result: R; startedAt: string; endedAt: string }
  /** A refusal, which is final for this key. Faults that may pass are thrown as RecoveryError instead. */
  | { state: "failed"; code: ErrorCode; message: string };

/** The copy of an item to observe. */
export type StartedCopy = { kind: "replica" } | { kind: "test-copy"; executionId: string };

/** The leftovers of tests. Empty lists prove that nothing is left. */
export interface Leftovers {
  testCopies: { itemId: string; siteId: string; executionId: string; name: string }[];
  /** `itemIds`: the requested items that have a copy at this site. */
  testNetworks: { siteId: string; networkId: string; executionId: string; itemIds: string[] }[];
}

/** The recovery points of an item at a time, newest first. */
export interface RecoveryPoints {
  itemId: string;
  replicationGroupId: string | null;
  points: RecoveryPoint[];
  /** True when received data is in no point yet, so that `latest` has something to process. Never after a promotion. */
  pending: boolean;
  /** Everything that the source wrote before this time has arrived. */
  receivedUntil: string;
  /** The last write of the source; null when it wrote nothing. After a shutdown or a promotion it stays what it is. */
  lastWriteAt: string | null;
  /** Null when the points hold every disk. A disk added after protection is in none (A5). */
  disks: DiskCoverage | null;
  /** The emulated time of the answer. */
  at: string;
}

/**
 * The interface of a vCenter, VMM or Azure driver. Operations are level-triggered: the first call with a key begins the
 * operation, later calls with that key poll it. A repeated call does no harm, also from another process or after a
 * restart. Refusals are answers. `site-unreachable` and `operation-failed` are thrown; retry them with the same key.
 */
export interface Hypervisor {
  describeItems(worldId: string, itemIds: readonly string[]): Promise<ItemSnapshot[]>;
  describeSite(worldId: string, siteId: string): Promise<SiteSnapshot>;
  /** Items and all of their sites, for prerequisites. */
  describeEstate(worldId: string, itemIds: readonly string[]): Promise<EstateSnapshot>;
  recoveryPoints(worldId: string, itemId: string): Promise<RecoveryPoints>;
  /** What probes of a started copy observe: of the replica, or of the test copy of an execution. */
  observe(worldId: string, itemId: string, copy: StartedCopy): Promise<Observation>;
  /** Replaces the settings for the other site; refuses `etag-mismatch` when they are not what the caller saw. */
  replaceTarget(worldId: string, itemId: string, seen: TargetSettings, target: TargetSettings): Promise<void>;
  /** Test copies of these items and test networks of both of their sites, of one execution or, when null, of any. */
  leftovers(worldId: string, itemIds: readonly string[], executionId: string | null): Promise<Leftovers>;
  runOnItem<O extends ItemOperation>(task: ItemTask<O>): Promise<TaskReply<ItemOperations[O]["result"]>>;
  /**
   * Abandons the task of a key: unless it has already taken effect, it never will. A task that is not under way is no
   * error.
   */
  abandonTask(worldId: string, itemId: string, key: string): Promise<void>;
  runOnSite<O extends SiteOperation>(task: SiteTask<O>): Promise<TaskReply<SiteOperations[O]["result"]>>;
}

/** What the emulator has beside the port: worlds to load, faults to inject, and a ledger for checkers. */
export interface EmulatedEstate {
  /** Loads or replaces a world. Every machine is on and every item replicates. */
  loadWorld(world: World): Promise<void>;
  /** The clock of the world. */
  clock(worldId: string): Promise<EstateClock>;
  /**
   * Applies to a world what differs between two descriptions of it: adds sites and items, and describes those named anew
   * where the descriptions differ. States stay as they are, and nothing is removed. It may be repeated.
   */
  mergeWorld(base: World, next: World, itemIds: readonly string[]): Promise<void>;
  /** Removes everything of a world. What is gone is no error. */
  removeWorld(worldId: string): Promise<void>;
  /** Ends the protection of an item for good; its machine stays at its site. An item that is gone is no error. */
  removeItem(worldId: string, itemId: string): Promise<void>;
  /** The emulated time in the world, ISO 8601. */
  now(worldId: string): Promise<string>;
  addFault(worldId: string, fault: FaultInput): Promise<Fault>;
  listFaults(worldId: string): Promise<Fault[]>;
  /** Clears one fault, or all when the id is missing. Hanging operations resume. */
  clearFaults(worldId: string, faultId?: string): Promise<number>;
  /** Accepted mutations of an item or site, oldest first. */
  ledger(worldId: string, owner: LedgerOwner): Promise<LedgerEntry[]>;
  /** What the copies of an item really hold now, to check data loss and the single writer. */
  groundTruth(worldId: string, itemId: string): Promise<GroundTruth>;
  /** The source that a failover left behind starts again with its workload. */
  simulateSourceReturn(worldId: string, itemId: string): Promise<void>;
  /** Backs up the configuration server of a site; refuses `not-found` when the site has none (V3). */
  backUpConfigurationServer(worldId: string, siteId: string): Promise<void>;
  /** Restores it from its backup, at the given address or at its previous one; refuses `not-found` without a backup. */
  restoreConfigurationServer(worldId: string, siteId: string, ip: string | undefined): Promise<void>;
  /** Installs a master target, or sets one up anew; refuses `world-invalid` for an unknown host or datastore (V5). */
  installMasterTarget(worldId: string, siteId: string, masterTarget: MasterTarget): Promise<void>;
  /** What people change at a site, at a machine or at a link outside of the product. */
  changeSite(worldId: string, siteId: string, change: SiteChange): Promise<void>;
  changeMachine(worldId: string, itemId: string, change: MachineChange): Promise<void>;
  changeLink(worldId: string, linkId: string, change: LinkChange): Promise<Link>;
  /** An administrator has resolved a condition; refuses `not-found` when the item does not have it. */
  resolveCondition(worldId: string, itemId: string, type: string): Promise<void>;
}

export type LedgerOwner = { itemId: string } | { siteId: string };

/** One accepted mutation. */
export interface LedgerEntry {
  sequence: number;
  /** Emulated time at which the operation began. It was under way from then until `at`. */
  beganAt: string;
  /** Emulated time at which the effect took place. */
  at: string;
  /** The hypervisors at which it was under way; none for an operation that only waits for an agent. */
  siteIds: string[];
  executionId: string;
  /** The task key. No other entry has it. */
  key: string;
  operation: OperationName;
  /** The epoch of the item after the effect; 0 for sites. */
  epoch: number;
  /** Both copies after the effect, for the invariants about writers. */
  after: { source: CopySnapshot; replica: CopySnapshot } | null;
  result: unknown;
}

export interface GroundTruth {
  source: { power: "on" | "off"; writable: boolean; sequences: DiskSequence[] };
  replica: { power: "on" | "off"; writable: boolean; sequences: DiskSequence[] };
  epoch: number;
}

/** An injected fault. `hang` lasts until the fault is cleared; `slow` multiplies durations by `factor`. */
export interface FaultInput {
  /** Given by a caller that may repeat the call: a fault of this id that is there is not added again. */
  faultId?: string | undefined;
  target: { itemId: string } | { siteId: string } | { linkId: string };
  /** Missing means every operation. */
  operation?: OperationName | undefined;
  mode: "fail-before" | "fail-after" | "refuse" | "hang" | "slow";
  /** Only for `slow`; above 1, at most 1,000. */
  factor?: number | undefined;
  /** How many times it affects each item; missing means until it is cleared. Not for `hang` and `slow`. */
  times?: number | undefined;
}

export interface Fault extends FaultInput {
  faultId: string;
  /** Real (host) time. */
  addedAt: string;
}
