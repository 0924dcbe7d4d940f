import { z } from "zod";
import { ApprovalRequirement } from "../approvals/requirement.js";
import { CommitTimer } from "../commit-timer/commit-timer.js";
import { DrillPolicy } from "../drills/policy.js";
import { ExecutionEventKind } from "../notifications/event.js";
import { RecoveryPointChoice } from "../recovery-points/recovery-point-choice.js";
import { HttpUrl, Id, Name, SecretName, Text } from "../text.js";
import { Criticality, Direction, FailoverType, OnFailure } from "../vocabulary.js";
import { Probe } from "./probes.js";
import { StepLimitMinutes } from "./step-limits.js";

/**
 * The limit of one HTTP call. It stays far below the time after which a host takes a call for lost and makes it again
 * beside the first.
 */
export const MAX_CALL_SECONDS = 30;

const base = {
  id: Id,
  name: Name,
  /** The default is the failure policy of the plan for the verb. */
  onFailure: OnFailure.optional(),
};

/** A step that waits until a person confirms it. */
const manual = {
  ...base,
  kind: z.literal("manual"),
  instructions: Text,
  timeLimitMinutes: z
    .int()
    .min(1)
    .max(43_200)
    .default(1_440)
    .describe("real minutes; then the action counts as failed"),
};

const secret = SecretName.optional().describe(
  "the secret that signs the requests (Standard Webhooks); its value is the setting SECRET_<name> of the app",
);

/** A step that calls an HTTP address; any 2xx answer is success. */
const webhook = {
  ...base,
  kind: z.literal("webhook"),
  url: HttpUrl,
  secret,
  timeoutSeconds: z
    .int()
    .min(1)
    .max(MAX_CALL_SECONDS)
    .default(MAX_CALL_SECONDS)
    .describe("real seconds that one call may take; work that takes longer answers 202 and calls back"),
  retries: z.int().min(0).max(10).default(3),
  timeLimitMinutes: z
    .int()
    .min(1)
    .max(43_200)
    .optional()
    .describe(
      "asks the receiver to answer 202 and call back, within so many real minutes; without it 202 is a success like any other 2xx",
    ),
};

/** The failovers that run an action of a group or of the shutdown. Not empty, because it would never run. */
const ofFailover = {
  failoverTypes: z.array(FailoverType).min(1).max(3),
  directions: z.array(Direction).min(1).max(2).default(["primary-to-recovery"]),
};

/** A verb as a whole runs its actions whichever way it moves the workload or reverses replication. */
const ofStage = { directions: z.array(Direction).min(1).max(2).default(Direction.options) };

/** An action of a group or of the shutdown. */
export const Action = z.discriminatedUnion("kind", [
  z.strictObject({ ...manual, ...ofFailover }),
  z.strictObject({ ...webhook, ...ofFailover }),
]);
export type Action = z.infer<typeof Action>;

/** An action before or after a verb as a whole. */
export const StageAction = z.discriminatedUnion("kind", [
  z.strictObject({ ...manual, ...ofStage }),
  z.strictObject({ ...webhook, ...ofStage }),
]);
export type StageAction = z.infer<typeof StageAction>;
export type ActionOf<K extends StageAction["kind"]> = Extract<StageAction, { kind: K }>;

/** What comes before and after a verb as a whole. */
export const StageActions = z.strictObject({
  before: z.array(StageAction).max(50).default([]),
  after: z.array(StageAction).max(50).default([]),
});
export type StageActions = z.infer<typeof StageActions>;

/** The verbs without groups that have a place for actions. A full run has those of its commit and its reprotect. */
export const StageVerb = z.enum(["test-clean-up", "commit", "reprotect"]);
export type StageVerb = z.infer<typeof StageVerb>;

/** An HTTP address that receives events of executions of the plan (A7). Its response has no effect. */
export const Notification = z.strictObject({
  url: HttpUrl,
  secret,
  on: z.array(ExecutionEventKind).min(1).max(ExecutionEventKind.options.length).default(ExecutionEventKind.options),
});

export const PlanItem = z.strictObject({
  id: Id,
  /** The failure of an optional item never ends an execution. */
  criticality: Criticality.default("critical"),
  /** The policy for a failure of the item. The default is that of the group, then that of the plan for the verb. */
  onFailure: OnFailure.optional(),
  /** The item counts as started when all probes pass. */
  probes: z.array(Probe).max(20).optional(),
});
export type PlanItem = z.infer<typeof PlanItem>;

/** Items that start together, with actions before and after. */
export const PlanGroup = z.strictObject({
  id: Id,
  name: Name,
  /** Groups that must start first. The default is the group before it in the list. */
  dependsOn: z.array(Id).max(50).optional(),
  before: z.array(Action).max(50).default([]),
  items: z.array(PlanItem).max(2_000),
  after: z.array(Action).max(50).default([]),
  /** The group counts as started when this many of its items have started. The default is every critical item. */
  minimumHealthy: z.int().min(0).max(2_000).optional(),
  /** The policy for failures of items of the group. */
  onFailure: OnFailure.optional(),
});
export type PlanGroup = z.infer<typeof PlanGroup>;

export const FailurePolicy = z.strictObject({ onItemFailure: OnFailure, onActionFailure: OnFailure });
export type FailurePolicy = z.infer<typeof FailurePolicy>;

/** The objectives of the business for one verb. */
export const Objectives = z.strictObject({
  rpoSeconds: z.int().min(0).max(31_536_000).optional().describe("seconds of the estate, which may be emulated"),
  rtoSeconds: z.int().min(0).max(31_536_000).optional().describe("seconds of the estate, which may be emulated"),
});
export type Objectives = z.infer<typeof Objectives>;

/** The verbs for which a plan can have a failure policy and objectives. */
const perVerb = <T extends z.ZodType>(schema: T) =>
  z
    .strictObject({
      "test-failover": schema.optional(),
      "test-clean-up": schema.optional(),
      "planned-failover": schema.optional(),
      "unplanned-failover": schema.optional(),
      "change-recovery-point": schema.optional(),
      commit: schema.optional(),
      reprotect: schema.optional(),
      failback: schema.optional(),
      "planned-failback": schema.optional(),
      "full-run": schema.optional(),
    })
    .default({});

export const Validation = z.strictObject({
  /** False: the execution ends before the commit without waiting for a validation. */
  required: z.boolean().default(true),
  timeLimitMinutes: z.int().min(1).max(43_200).default(1_440).describe("real minutes"),
  /** What happens if nobody validates in time: keep the failed-over machines, or undo the failover. */
  onExpiry: z.enum(["keep", "undo"]).default("keep"),
});

/** The stage before the groups, which shuts the sources down. */
export const ShutdownStage = z.strictObject({
  order: z.enum(["together", "reverse-group-order"]).default("together"),
  before: z.array(Action).max(50).default([]),
  after: z.array(Action).max(50).default([]),
});

/** A recovery plan as a user writes it: ordered groups of items with actions and policies. */
export const Plan = z.strictObject({
  id: Id,
  name: Name,
  description: Text.optional(),
  worldId: Id,
  recoveryPoint: RecoveryPointChoice.default({ kind: "latest" }),
  shutdown: ShutdownStage.prefault({}),
  groups: z.array(PlanGroup).min(1).max(50),
  /** What comes before and after the verbs that have no groups. */
  actions: z
    .strictObject({
      "test-clean-up": StageActions.optional(),
      commit: StageActions.optional(),
      reprotect: StageActions.optional(),
    })
    .optional(),
  failurePolicy: perVerb(FailurePolicy),
  objectives: perVerb(Objectives),
  stepLimitMinutes: StepLimitMinutes,
  validation: Validation.prefault({}),
  notifications: z.array(Notification).max(20).optional(),
  /** What people have to approve before it happens. */
  approvals: z.array(ApprovalRequirement).max(50).optional(),
  /** What happens to a failover that nobody commits or cancels in time. */
  commitTimer: CommitTimer.optional(),
  /** How it is rehearsed, and when. */
  drill: DrillPolicy.optional(),
});
export type Plan = z.infer<typeof Plan>;
export type PlanInput = z.input<typeof Plan>;

/** A saved version of a plan. It never changes. */
export const PlanVersion = z.strictObject({
  plan: Plan,
  version: z.int().min(1),
  hash: z.string(),
  savedAt: z.iso.datetime(),
  /** The person who saved it. */
  savedBy: Name,
});
export type PlanVersion = z.infer<typeof PlanVersion>;
