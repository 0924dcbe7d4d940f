import { z } from "zod";
import { ApprovalRequirement } from "../domain/approvals/requirement.js";
import { CommitTimer } from "../domain/commit-timer/commit-timer.js";
import { Decision, Question } from "../domain/decisions.js";
import { CancelRequest, Failure, LeftOut, Outcome, Replicated } from "../domain/execution.js";
import { ReprotectOptions } from "../domain/failback/reprotect-options.js";
import { ExecutionEventKind } from "../domain/notifications/event.js";
import { ExecutionNews } from "../domain/notifications/execution-words.js";
import { Action, MAX_CALL_SECONDS, PlanItem, ShutdownStage, StageActions, Validation } from "../domain/plans/plan.js";
import { DataLoss, RecoveryPoint, RecoveryPointChoice } from "../domain/recovery-points/recovery-point-choice.js";
import { Steering } from "../domain/steering/steering.js";
import { Guid, Id, SecretName } from "../domain/text.js";
import { Direction, ExecutionDirection, ItemState, OnFailure, Scenario, Verb } from "../domain/vocabulary.js";
import { activityContract } from "../durable/contract.js";
import { packedSteps } from "../durable/progress.js";
import { attempt, onItems } from "../steps/contracts.js";

/**
 * One item as an execution finds it. `alreadyDone`: another execution has brought it to where this one would.
 * `promotedFrom`: a failover that failed after the promotion left it there, and this one continues from that point.
 */
export const executionItem = PlanItem.extend({
  /** The site of the copy that receives. */
  targetSiteId: Id,
  scenario: Scenario,
  direction: Direction,
  epoch: z.int().min(0),
  alreadyDone: z.boolean(),
  /** Why the verb does not apply to it, although no other execution has done the work; null otherwise. */
  notApplicable: z.string().nullable(),
  promotedFrom: RecoveryPoint.nullable(),
  /** The point that it runs from while it awaits its commit. */
  runsFrom: RecoveryPoint.optional(),
  /** The test that the item has a copy of. */
  testExecutionId: z.string().optional(),
});
export type ExecutionItem = z.output<typeof executionItem>;

/** The items that start together, in the order of the run, with the actions that apply to its verb. */
export const executionGroup = z.object({
  id: Id,
  name: z.string(),
  before: z.array(Action),
  items: z.array(executionItem),
  after: z.array(Action),
  minimumHealthy: z.int().optional(),
  onFailure: OnFailure.optional(),
});
export type ExecutionGroup = z.output<typeof executionGroup>;

/** What an execution runs: the plan's version as it was at the start, reduced to what its workflow needs. */
export const executionPlan = z.object({
  executionId: Guid,
  worldId: Id,
  /** Null for a single item. */
  plan: z.object({ id: Id, name: z.string(), version: z.int() }).nullable(),
  verb: Verb,
  direction: ExecutionDirection,
  requestedAtMs: z.number(),
  /** Emulated seconds per real second; 1 over a hypervisor that keeps real time. */
  speed: z.number().positive(),
  /** How much real time a step may wait for a slot. */
  queueLimitMs: z.number().positive(),
  /** How much real time each step may take once it has begun. */
  stepLimitsMs: z.record(z.string(), z.number().positive()),
  recoveryPoint: RecoveryPointChoice,
  attemptShutdown: z.boolean(),
  testNetworkId: Id.nullable(),
  reprotect: ReprotectOptions,
  targetSiteIds: z.array(Id),
  /** There may be networks at the items' sites that a promoted test could not remove. */
  testNetworksLeft: z.boolean(),
  shutdown: ShutdownStage,
  groups: z.array(executionGroup),
  /** Items of the plan that do not take part. */
  leftOut: z.array(LeftOut),
  /** The actions before and after each verb as a whole; a full run has those of its commit and its reprotect. */
  actions: z.object({ "test-clean-up": StageActions, commit: StageActions, reprotect: StageActions }),
  /** A clean-up that gives up what it cannot remove: who decided that, and why. */
  force: z.object({ by: z.string(), reason: z.string() }).nullable(),
  policy: z.object({ onItemFailure: OnFailure, onActionFailure: OnFailure }),
  validation: Validation,
  /** The approvals that the verb needs in its direction; missing if it needs none. */
  approvals: z.array(ApprovalRequirement).optional(),
  /** Only after a failover that awaits its commit. */
  commitTimer: CommitTimer.optional(),
});
export type ExecutionPlan = z.output<typeof executionPlan>;

/** How much of the steering the workflow knows; an activity that finds more refuses `steered`. */
const seen = z.int().min(0).default(0);

/** Reads what to run from the execution's record. An execution that has ended is not run again. */
export const openExecution = activityContract({
  name: "open-execution",
  input: z.object({ executionId: z.string() }),
  output: z.discriminatedUnion("open", [
    z.object({ open: z.literal(true), plan: executionPlan }),
    z.object({ open: z.literal(false), why: z.string() }),
  ]),
  retry: "store-write",
});

/** Reads the cancel in the execution's record; null when nobody requested one. */
export const findCancel = activityContract({
  name: "find-cancel",
  input: z.object({ executionId: z.string() }),
  output: z.object({ cancel: CancelRequest.nullable() }),
  retry: "store-write",
});

/** A wait of the workflow that is over unless steering moved its end. */
const wait = z.object({ stepId: z.string(), sinceMs: z.number(), limitMs: z.number() });

/** Reads how the execution was steered since its workflow looked. */
export const readSteering = activityContract({
  name: "read-steering",
  input: z.object({ executionId: Guid, seen: z.int().min(0) }),
  output: z.object({
    revision: z.int().min(0),
    isPaused: z.boolean(),
    news: z.array(Steering),
    /** What it runs from now on, after an edit or a switch. */
    plan: executionPlan.nullable(),
  }),
  retry: "store-write",
});

/**
 * Closes a question whose time is over: nobody may answer it any more. Gives back the decision that was recorded before,
 * whose event has not arrived, or null. A question of an execution that was steered is closed only when the caller says
 * how long it has been open (`wait`): `leftMs` is then how much longer it stays open.
 */
export const expireQuestion = activityContract({
  name: "expire-question",
  input: z.object({ executionId: Guid, question: Question, wait: wait.optional() }),
  output: z.object({ decision: Decision.nullable(), leftMs: z.number().optional() }),
  retry: "store-write",
});

/** What an item's workflow changes in its record. */
export const itemChange = z.object({
  state: ItemState,
  reason: z.string().nullable(),
  epoch: z.int().min(0).optional(),
  recoveryPoint: RecoveryPoint.nullable().optional(),
  dataLoss: DataLoss.nullable().optional(),
  tested: z.boolean().optional(),
  failedOver: z.boolean().optional(),
  direction: Direction.optional(),
  activeSiteId: Id.optional(),
  /** The failover was taken back: what it started from and lost no longer counts. */
  restored: z.boolean().optional(),
});

/** The result of one item in one stage. */
export const itemReport = z.object({
  itemId: Id,
  outcome: Outcome,
  note: z.string().optional(),
  failure: Failure.nullable(),
  point: RecoveryPoint.nullable(),
  dataLoss: DataLoss.nullable(),
  /** When the workload ran at the other site, in milliseconds since the epoch; null when it does not. */
  runningAtMs: z.number().nullable(),
  replicated: Replicated.optional(),
  /** After a clean-up: what is still there of tests of the item. */
  leftovers: z.array(z.string()).optional(),
});
export type ItemReport = z.output<typeof itemReport>;

/** A report with what is kept of it: the item's steps and its change of state, if it has one. */
export const settledItem = z.object({ report: itemReport, steps: packedSteps, change: itemChange.nullable() });
export type SettledItem = z.output<typeof settledItem>;

/** Writes the steps of items that ended and their new states, in batches. `revision`: if the workflow was steered. */
export const settleItems = activityContract({
  name: "settle-items",
  input: z.object({
    worldId: Id,
    executionId: Guid,
    verb: Verb,
    stage: z.string(),
    slice: z.int(),
    items: z.array(settledItem),
  }),
  output: z.object({ revision: z.int().optional() }),
  retry: "store-write",
});

/** Ends the execution's record, and releases every item that it holds in a resting state. */
export const closeExecution = activityContract({
  name: "close-execution",
  input: z.object({
    executionId: Guid,
    status: z.enum(["succeeded", "succeeded-with-failures", "failed", "cancelled"]),
    failure: Failure.nullable(),
    /** False when no item was touched yet: they go back to where they were. */
    touched: z.boolean(),
    reports: z.array(itemReport),
    steps: packedSteps,
  }),
  output: z.object({}),
  retry: "store-write",
});

/** A recovery point, or why there is none. */
export const chosenPoint = z.object({ itemId: Id, point: RecoveryPoint.nullable(), failure: Failure.nullable() });
export type ChosenPoint = z.output<typeof chosenPoint>;

export const checkPrerequisites = activityContract({
  name: "check-prerequisites",
  input: onItems.extend({
    /**
     * `start`: everything, before anything is touched. `group`: what may have changed at the receiving site since.
     * `home`: the way back, before a full run commits.
     */
    phase: z.enum(["start", "group", "home"]),
    seen,
  }),
  output: z.object({
    found: z.string(),
    /** Items that cannot go, and without which the others go on. */
    unfit: z.array(z.object({ itemId: Id, failure: Failure })),
  }),
  retry: "hypervisor-call",
});

/**
 * The point each item of one plan group starts from: replication groups share one, and `latest` processes what is
 * pending first. An item without a point has the reason in its place. `pending`: the items whose data are still being
 * processed.
 */
export const chooseRecoveryPoints = activityContract({
  name: "choose-recovery-points",
  input: onItems.extend({
    choice: RecoveryPointChoice,
    attempt,
    /** False once the items have failed over: no data arrives any more, so `latest` is the newest point there is. */
    processPending: z.boolean(),
    seen,
  }),
  output: z.object({ chosen: z.array(chosenPoint), pending: z.array(Id) }),
  retry: "hypervisor-call",
});

/**
 * One call of a webhook. Of all calls under one `key`, at most one is under way for an orchestration; an activity that
 * runs twice makes the same call twice, with the same id and number.
 */
export const callWebhook = activityContract({
  name: "call-webhook",
  input: z.object({
    executionId: Guid,
    /** Unique in the execution. It makes the id that all attempts carry. */
    key: z.string(),
    attempt: z.int().min(1),
    url: z.string(),
    secret: SecretName.optional(),
    timeoutSeconds: z.int().max(MAX_CALL_SECONDS),
    payload: z.record(z.string(), z.unknown()),
    /** The receiver may answer 202 and call back about this. */
    callBack: z.object({ actionId: Id, ask: z.int().min(1), timeLimitMinutes: z.int() }).nullable(),
    seen,
  }),
  output: z.discriminatedUnion("delivered", [
    z.object({ delivered: z.literal(true), status: z.int() }),
    /** `timedOut`: the receiver may still be at work. */
    z.object({ delivered: z.literal(false), why: z.string(), timedOut: z.boolean().default(false) }),
  ]),
  retry: "none",
});

/** Tells everybody who wants to know what happened to an execution. */
export const publishEvent = activityContract({
  name: "publish-event",
  input: z.object({
    executionId: Guid,
    /** Unique in the execution. */
    key: z.string(),
    kind: ExecutionEventKind,
    at: z.string(),
    news: ExecutionNews,
  }),
  output: z.object({}),
  retry: "store-write",
});
