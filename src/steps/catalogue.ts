import { z } from "zod";
import { ReprotectOptions } from "../domain/failback/reprotect-options.js";
import { CopySnapshot } from "../domain/items/snapshot.js";
import { Probe } from "../domain/plans/probes.js";
import { DataLoss, RecoveryPoint } from "../domain/recovery-points/recovery-point-choice.js";
import { Address, Id, Name } from "../domain/text.js";
import { Direction } from "../domain/vocabulary.js";

/**
 * Every step that is done to an item or a site, declared once. Contracts, activities, the batch of an item workflow,
 * the port's operations, the names that a fault may be put on, the emulator's results and the titles of the timeline
 * are all made from these rows.
 */

/** Once an execution is cancelled, its `forward` steps are not begun any more; its `undo` steps still are. */
export type StepDirection = "forward" | "undo";

interface Step<P extends z.ZodType, R extends z.ZodType> {
  /** The step's name for people. */
  readonly title: string;
  readonly params: P;
  readonly result: R;
  readonly direction: StepDirection;
}

/** One effect at the hypervisor, under one task key. */
interface Operation<P extends z.ZodType, R extends z.ZodType, I extends z.ZodType> extends Step<P, R> {
  /**
   * Where the work is done: at the copy that replication reads from, at the copy that receives, by the replication at
   * the receiving site, or by the replication at both. Only `source` and `both` need the source site.
   */
  readonly runsAt: "source" | "replica" | "replication" | "both";
  /** What the step takes when its activity works out the operation's params from it. */
  readonly input: I;
}

type Row<T, D extends keyof T> = Omit<T, D> & Partial<Pick<T, D>>;
const none = z.strictObject({});

function operation<R extends z.ZodType, P extends z.ZodType = typeof none, I extends z.ZodType = P>(
  row: Row<Operation<P, R, I>, "params" | "direction" | "input">,
): Operation<P, R, I> {
  const params = row.params ?? (none as z.ZodType as P);
  return { direction: "forward", ...row, params, input: row.input ?? (params as z.ZodType as I) };
}

function check<R extends z.ZodType = typeof none, P extends z.ZodType = typeof none>(
  row: Row<Step<P, R>, "params" | "result" | "direction">,
): Step<P, R> {
  const params = row.params ?? (none as z.ZodType as P);
  return { direction: "undo", ...row, params, result: row.result ?? (none as z.ZodType as R) };
}

const Epoch = z.int().min(1);
/** How many writes a disk had taken; equal sequences mean equal content. */
const Sequences = z.array(z.strictObject({ disk: z.string(), sequence: z.int() }));
const Started = z.strictObject({ startedAt: z.string(), copy: CopySnapshot });

/**
 * Operations on an item. `source` is the copy that replication reads from and `replica` the one that receives,
 * whichever site they are at: a reversal swaps them.
 */
export const ITEM_OPERATIONS = {
  /** Shuts down the guest of the copy that runs the workload. */
  "shut-down-source": operation({
    title: "Shut the source down",
    result: z.strictObject({ offSince: z.string(), sequences: Sequences }),
    runsAt: "source",
  }),
  /** Sends everything the source still has; refuses `operation-refused` while it runs. Afterwards nothing can be lost. */
  "final-synchronise": operation({
    title: "Synchronise the last changes",
    result: z.strictObject({ point: RecoveryPoint, sequences: Sequences }),
    runsAt: "both",
  }),
  /** Makes a point of all data received (choice `latest`); when nothing waits, the newest point is the answer. */
  "process-pending-data": operation({
    title: "Process pending data",
    result: z.strictObject({ point: RecoveryPoint }),
    runsAt: "replication",
  }),
  /** No recovery point is made after this, and none is pruned. */
  "stop-replication": operation({
    title: "Stop replication",
    result: z.strictObject({ stoppedAt: z.string() }),
    runsAt: "replication",
  }),
  /**
   * Makes the replica the workload's copy, from a point. Refuses `stale-epoch` unless `epoch` is above the item's. A
   * replica that was promoted before is set to the new point (change of recovery point) and is off afterwards.
   * `planned`: the source was shut down on purpose; some scenarios then set up reverse replication too.
   */
  "promote-replica": operation({
    title: "Promote the replica",
    params: z.strictObject({ pointId: Id, epoch: Epoch, planned: z.boolean().optional() }),
    result: z.strictObject({ epoch: z.int(), point: RecoveryPoint, dataLoss: DataLoss, sequences: Sequences }),
    runsAt: "replica",
  }),
  /** Boots the promoted replica; refuses `stale-epoch` when the epoch is not the item's. */
  "start-replica": operation({
    title: "Start the replica",
    params: z.strictObject({ epoch: Epoch }),
    result: Started,
    runsAt: "replica",
  }),
  /** Keeps the promoted copy and deletes every recovery point (commit). */
  "delete-recovery-points": operation({
    title: "Delete the recovery points",
    result: z.strictObject({ deleted: z.int() }),
    runsAt: "replication",
  }),
  /** Undoes promotion and start: the replica is off and a replica again. Raises the epoch. */
  "demote-replica": operation({
    title: "Demote the replica",
    params: z.strictObject({ epoch: Epoch }),
    result: z.strictObject({ epoch: z.int() }),
    direction: "undo",
    runsAt: "replica",
  }),
  /** Undoes the shutdown. */
  "restart-source": operation({
    title: "Start the source again",
    result: Started,
    direction: "undo",
    runsAt: "source",
  }),
  /** Undoes stop-replication: replication goes on as before, and points are made again. */
  "restore-replication": operation({
    title: "Restore replication",
    result: z.strictObject({ replicatingSince: z.string() }),
    direction: "undo",
    runsAt: "both",
  }),
  /** Makes a copy of the machine on an isolated network; source and replication are not touched. */
  "create-test-copy": operation({
    title: "Create the test copy",
    params: z.strictObject({ pointId: Id, networkId: z.string() }),
    result: z.strictObject({ name: z.string(), point: RecoveryPoint }),
    runsAt: "replica",
  }),
  "start-test-copy": operation({ title: "Start the test copy", result: Started, runsAt: "replica" }),
  /** Makes the test copy the workload's copy, from the point it was made from. `epoch` as in promote-replica. */
  "promote-test-copy": operation({
    title: "Promote the test copy",
    params: z.strictObject({ epoch: Epoch }),
    result: Started.extend({ epoch: z.int(), point: RecoveryPoint, dataLoss: DataLoss }),
    runsAt: "replica",
  }),
  /** Removes the test copy; one that is not there is no error. It runs on behalf of the test that made the copy. */
  "remove-test-copy": operation({
    title: "Remove the test copy",
    input: z.strictObject({ testExecutionId: z.string() }),
    result: z.strictObject({ removed: z.boolean() }),
    direction: "undo",
    runsAt: "replica",
  }),
  /** Looks for the agent of the running copy at its configuration server: refuses `agent-not-installed`, or waits (F7). */
  "await-agent": operation({
    title: "Find the agent at the configuration server",
    params: z.strictObject({ wait: z.boolean() }),
    result: z.strictObject({ registeredAt: z.string().nullable() }),
    runsAt: "replica",
  }),
  /**
   * Reverses replication after a commit. `newMachine` makes the machine that receives: a full copy onto the host and
   * datastore given; otherwise the old copy takes what changed. `create` names resources that are made for it.
   * Catches up by a full copy, by deltas, or not at all when the failover has set it up already.
   */
  "reverse-replication": operation({
    title: "Reverse replication",
    params: z.strictObject({
      newMachine: z.boolean(),
      hostId: Id.optional(),
      datastoreId: Id.optional(),
      create: z.array(z.string()),
    }),
    input: z.strictObject({ options: ReprotectOptions }),
    result: z.strictObject({
      direction: Direction,
      caughtUpBy: z.enum(["full", "deltas", "already-set"]),
      bytes: z.number(),
      point: RecoveryPoint,
      created: z.array(z.string()),
      removed: z.array(z.string()),
    }),
    runsAt: "both",
  }),
  /** Removes what a failback left at the recovery site, where the scenario does so at commit (P13). */
  "remove-old-machine": operation({
    title: "Remove the old machine at the recovery site",
    result: z.strictObject({ removed: z.array(z.string()) }),
    runsAt: "source",
  }),
  /** Ends protection of an item whose workload is at home, and cleans up what the scenario allows (A10). */
  "disable-replication": operation({
    title: "Disable replication and clean up",
    result: z.strictObject({ removed: z.array(z.string()), remaining: z.array(z.string()) }),
    runsAt: "replication",
  }),
  /** Protects an unprotected item: a full copy to the recovery site. */
  "enable-replication": operation({
    title: "Replicate for the first time",
    result: z.strictObject({ bytes: z.number(), point: RecoveryPoint }),
    runsAt: "both",
  }),
  /** Compares both copies whole and sends what differs. */
  resynchronise: operation({
    title: "Compare both copies and send what differs",
    result: z.strictObject({ bytes: z.number() }),
    runsAt: "both",
  }),
};

/** Operations on a site. */
export const SITE_OPERATIONS = {
  /** Makes an isolated network for a test; its id is made from the execution's. */
  "create-test-network": operation({
    title: "Create the test network",
    result: z.strictObject({ networkId: z.string() }),
    runsAt: "replica",
  }),
  /** It runs on behalf of the test that made the network. */
  "remove-test-network": operation({
    title: "Remove the test network",
    input: z.strictObject({ testExecutionId: z.string() }),
    result: z.strictObject({ removed: z.boolean() }),
    direction: "undo",
    runsAt: "replica",
  }),
  /** Sets up a process server; it appears after 10 to 15 minutes (V4). */
  "deploy-process-server": operation({
    title: "Deploy the process server",
    params: z.strictObject({ processServerId: Id, name: Name, networkId: Id, subnet: Id, ip: Address }),
    result: z.strictObject({ processServerId: Id }),
    runsAt: "replica",
  }),
};

/** Which of an item's copies was started. */
const StartedCopy = z.enum(["replica", "test-copy"]);

/** Steps that look at an item and change nothing. A cancel does not keep them from looking, unless they wait. */
export const ITEM_CHECKS = {
  /** The copy that was started runs and answers. */
  "verify-replica": check({ title: "Verify that it runs", params: z.strictObject({ copy: StartedCopy }) }),
  /** Every probe of a started copy is answered; refuses `probe-failed` once one is past its limit. */
  "await-probes": check({
    title: "Wait until it answers",
    params: z.strictObject({ copy: StartedCopy, probes: z.array(Probe) }),
    result: z.strictObject({ saw: z.string() }),
    direction: "forward",
  }),
  /** The item is protected as before: source on, replica off, replication running. */
  "verify-protected": check({ title: "Verify that it is protected" }),
  /** Replication runs from the copy that is on to the one that is off. */
  "verify-replicating": check({ title: "Verify that it replicates" }),
  /** How the item is protected, after a step was not answered. */
  "find-protection": check({
    title: "Look up how the item is protected",
    result: z.strictObject({
      direction: Direction,
      promoted: z.boolean(),
      replicating: z.boolean(),
      hasPoints: z.boolean(),
    }),
  }),
};

export type ItemOperation = keyof typeof ITEM_OPERATIONS;
export type SiteOperation = keyof typeof SITE_OPERATIONS;
export type OperationName = ItemOperation | SiteOperation;
export type ItemCheck = keyof typeof ITEM_CHECKS;

export const ITEM_STEPS = { ...ITEM_OPERATIONS, ...ITEM_CHECKS };
export type ItemStep = keyof typeof ITEM_STEPS;

export const isItemOperation = (name: string): name is ItemOperation => Object.hasOwn(ITEM_OPERATIONS, name);

/** Operations that each hypervisor does at once, unless the settings say otherwise. */
export const MAX_CONCURRENT_OPERATIONS = 100;

/** Every operation of the hypervisor by name, on items and on sites: what a fault may be put on. */
export const OperationName = z.enum([...keysOf(ITEM_OPERATIONS), ...keysOf(SITE_OPERATIONS)]);

export function keysOf<T extends object>(table: T): (keyof T & string)[] {
  return Object.keys(table) as (keyof T & string)[];
}

/** Rows of the catalogue by name, for titles. */
export const STEP_TITLES: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...ITEM_STEPS, ...SITE_OPERATIONS }).map(([name, { title }]) => [name, title]),
);
