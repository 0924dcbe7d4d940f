import { z } from "zod";
import { RunningTimer } from "./commit-timer/commit-timer.js";
import { RecordedDecision } from "./decisions.js";
import { isErrorCode } from "./errors.js";
import { ChainHead } from "./evidence/chain.js";
import { LogPlace } from "./evidence/log-place.js";
import { ReprotectOptions } from "./failback/reprotect-options.js";
import { DataLoss, RecoveryPoint, RecoveryPointChoice } from "./recovery-points/recovery-point-choice.js";
import { Confirmation } from "./start/confirmation.js";
import { MAX_STEERING, Steering } from "./steering/steering.js";
import { Guid, Id, Instant, MAX_HEADER_CHARACTERS, Name, Text } from "./text.js";
import { MAX_UNDELIVERED, UndeliveredNotification } from "./undelivered.js";
import { ExecutionDirection, ItemState, StepStatus, Verb } from "./vocabulary.js";

/** The most lines of a failure, so that a failure of a thousand machines stays readable. */
export const MAX_FAILURE_DETAILS = 200;

/** An error of the catalogue (`errors.ts`). */
export const Failure = z.strictObject({
  code: z.string().max(64),
  message: z.string().max(2_000),
  details: z
    .array(z.string().max(2_000))
    .max(MAX_FAILURE_DETAILS + 1)
    .optional()
    .describe("every finding on a line of its own; the last line counts those that are left out, if any are"),
});
export type Failure = z.infer<typeof Failure>;

/** One node of an execution's tree. */
export interface Step {
  /** Unique in the execution, e.g. `groups/2/items/web-01/promote-replica`. */
  id: string;
  title: string;
  status: StepStatus;
  itemId?: string | undefined;
  startedAt?: string | undefined;
  endedAt?: string | undefined;
  /** 0 to 100. */
  progress?: number | undefined;
  /** What it found or waits for, for people. */
  detail?: string | undefined;
  error?: Failure | undefined;
  children?: Step[] | undefined;
}

export const Step: z.ZodType<Step> = z
  .strictObject({
    id: z.string().min(1).max(300),
    title: z.string().min(1).max(200),
    status: StepStatus,
    itemId: Id.optional(),
    startedAt: Instant.optional(),
    endedAt: Instant.optional(),
    progress: z.number().min(0).max(100).optional(),
    detail: z.string().max(2_000).optional(),
    error: Failure.optional(),
    get children() {
      return z.array(Step).max(2_100).optional();
    },
  })
  .meta({ id: "Step" });

/** How the replication of an item was reversed, and how much data that took. */
export const Replicated = z.strictObject({
  caughtUpBy: z.enum(["full", "deltas", "already-set"]),
  bytes: z.number().min(0),
  created: z.array(z.string()),
  removed: z.array(z.string()),
});
export type Replicated = z.infer<typeof Replicated>;

/**
 * How an execution ended for one item. `already-done`: another execution had the same result before. `not-applicable`:
 * there was nothing to do for it. `excluded`: the request left it out. `left-out`: it could not go, and the others went
 * without it. `skipped`: the execution ended before its turn.
 */
export const Outcome = z.enum([
  "succeeded",
  "failed",
  "skipped",
  "already-done",
  "not-applicable",
  "excluded",
  "left-out",
  "cancelled",
]);

/** An item has one copy and a network at each of two sites, of each of its tests. */
export const MAX_LEFTOVERS = 50;
export const MAX_LEFTOVER_CHARACTERS = 300;

export const ItemOutcome = z.strictObject({
  itemId: Id,
  outcome: Outcome,
  /** Why nothing was done for it; after a test, what was left of it. */
  note: Text.optional(),
  state: ItemState,
  activeSiteId: Id.optional().describe("where the workload ran when the execution ended"),
  recoveryPoint: RecoveryPoint.nullable(),
  dataLoss: DataLoss.nullable(),
  recoverySeconds: z
    .number()
    .min(0)
    .nullable()
    .describe(
      "Emulated seconds from the request until the workload ran at the other site, including waits for people and for earlier groups: the downtime for the business. Null if it does not run there. The steps show how long the machines took.",
    ),
  /** After a clean-up: what is still there of tests of the item; missing when nothing is. */
  leftovers: z.array(z.string().max(MAX_LEFTOVER_CHARACTERS)).max(MAX_LEFTOVERS).optional(),
  /** After a reprotect: the data that was sent. */
  replicated: Replicated.optional(),
  /** After a reprotect: the protection group that the item moved to (V1). */
  protectionGroupId: z.string().optional(),
  failure: Failure.nullable(),
});
export type ItemOutcome = z.infer<typeof ItemOutcome>;

/** The target of an execution. */
export const Subject = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("plan"), planId: Id, planVersion: z.int().min(1) }),
  z.strictObject({ kind: z.literal("item"), itemId: Id }),
]);
export type Subject = z.infer<typeof Subject>;

/** Items of a plan, by id. */
const Items = z.array(Id).min(1).max(2_000);

/** The options of a start. One that the verb does not use is refused. */
export const ExecutionOptions = z.strictObject({
  recoveryPoint: RecoveryPointChoice.optional(),
  /** `attempt`, the default, tries to shut the source down and continues if that fails (P5). */
  sourceShutdown: z.enum(["attempt", "skip"]).optional(),
  /** The isolated network of a test. By default, one is created for the test and removed with it. */
  testNetworkId: Id.optional(),
  /** The resources of the reverse replication. */
  reprotect: ReprotectOptions.optional(),
  /** If the scenario requires a test failover first: continue without one (A3). */
  acknowledgeNoTest: z.boolean().optional(),
  /** Direction and sites as somebody expects them. A start that would go another way is refused (P13, H6). */
  confirm: Confirmation.optional(),
  notes: Text.optional(),
  /** The items of the plan that take part; the others are left out. */
  only: Items.optional(),
  /** The items of the plan that are left out. */
  without: Items.optional(),
  /** Test clean-up only: gives up what cannot be removed. The items are protected again, and show what is left. */
  force: z.strictObject({ reason: Text }).optional(),
});
export type ExecutionOptions = z.infer<typeof ExecutionOptions>;

/** A request to cancel: `restore-protection` undoes every finished step, `as-documented` only stops (P7). */
export const CancelRequest = z.strictObject({
  behaviour: z.enum(["restore-protection", "as-documented"]),
  requestedBy: Name,
  requestedAt: Instant,
  reason: Text.optional(),
});
export type CancelRequest = z.infer<typeof CancelRequest>;

/**
 * Whether a start got its items. The first writer decides for all requests of the same start. Only an admitted start is
 * acknowledged.
 */
export const Admission = z.discriminatedUnion("admitted", [
  z.strictObject({ admitted: z.literal(true) }),
  z.strictObject({
    admitted: z.literal(false),
    refusal: Failure.extend({ code: z.string().refine(isErrorCode, "not a code of the catalogue") }),
  }),
]);
export type Admission = z.infer<typeof Admission>;

/** An item of the plan that does not take part, and why. */
export const LeftOut = z.strictObject({ itemId: Id, outcome: z.enum(["excluded", "left-out"]), failure: Failure });
export type LeftOut = z.infer<typeof LeftOut>;

/** How long a process may use its last read of an execution. After this time every process knows of a cancel. */
export const CANCEL_PROPAGATION_MS = 250;

/** The decisions that a record keeps. An execution that asks more often keeps the newest. */
export const MAX_DECISIONS = 200;

const common = {
  executionId: Guid,
  idempotencyKey: z.string().min(1).max(MAX_HEADER_CHARACTERS),
  worldId: Id,
  subject: Subject,
  verb: Verb,
  direction: ExecutionDirection,
  /** Null for a single item, which runs as an implicit plan of one group. */
  planHash: z.string().nullable(),
  /** The items that take part, and those that it passed over. */
  itemIds: z.array(Id).min(1).max(2_000),
  /** The items of the plan that do not take part: the request excludes them, or they cannot go. */
  leftOut: z.array(LeftOut).max(2_000).optional(),
  options: ExecutionOptions,
  requestedBy: Name,
  /** The person whose execution led to this one, when no person requested it. They do not approve it either. */
  onBehalfOf: Name.optional(),
  requestedAt: Instant,
  admission: Admission.optional(),
  /** Where the log has what it was bound to before it was admitted. */
  openingAt: LogPlace.optional(),
  cancelRequest: CancelRequest.optional(),
  /** The newest decisions on what the execution asked, oldest first. */
  decisions: z.array(RecordedDecision).max(MAX_DECISIONS).optional(),
  /** How people steered the execution, oldest first. */
  steering: z
    .array(Steering)
    .max(MAX_STEERING + 3)
    .optional(),
  /** From which the tokens of call-backs are derived. Never shown. */
  callBackSecret: z.string().max(100).optional(),
  /** Notifications that were not taken. */
  undelivered: z.array(UndeliveredNotification).max(MAX_UNDELIVERED).optional(),
};

const ended = {
  endedAt: Instant,
  outcomes: z.array(ItemOutcome).max(2_000),
  /** What becomes of the failover if nobody commits or cancels it. */
  commitTimer: RunningTimer.optional(),
};

/** The record of an execution. It outlives the history of the orchestration. */
export const Execution = z.discriminatedUnion("status", [
  z.strictObject({ ...common, status: z.enum(["running", "awaiting-approval", "awaiting-input", "paused"]) }),
  z.strictObject({ ...common, ...ended, status: z.enum(["succeeded", "succeeded-with-failures"]) }),
  z.strictObject({ ...common, ...ended, status: z.enum(["failed", "cancelled"]), failure: Failure }),
]);
export type Execution = z.infer<typeof Execution>;

/** The name of a part of an execution, such as `execution` or `group-web/2`. */
const StepPart = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/);

/** The steps of one ended part of an execution: its own steps, or those of one batch of items. */
export const StepRecord = z.strictObject({
  part: StepPart,
  steps: z.array(Step).max(1_000),
  /** The heads of the chains of its steps, made when they were written. */
  chains: z.array(ChainHead).max(1_001).optional(),
});
export type StepRecord = z.infer<typeof StepRecord>;
