import { z } from "zod";
import { RecoveryPointChoice } from "../recovery-points/recovery-point-choice.js";
import { Id, Name, Text } from "../text.js";
import { Criticality, Direction, FailoverType, OnFailure } from "../vocabulary.js";
import { Probe } from "./probes.js";

const actionBase = {
  id: Id,
  name: Name,
  /** Not empty, because such an action would never run. */
  failoverTypes: z.array(FailoverType).min(1).max(3),
  directions: z.array(Direction).min(1).max(2).default(["primary-to-recovery"]),
  /** The default is the failure policy of the plan for the verb. */
  onFailure: OnFailure.optional(),
};

/** A step that waits until a person confirms it. */
export const ManualAction = z.strictObject({
  ...actionBase,
  kind: z.literal("manual"),
  instructions: Text,
  timeLimitMinutes: z
    .int()
    .min(1)
    .max(43_200)
    .default(1_440)
    .describe("real minutes; then the action counts as failed"),
});

/** A step that calls an HTTP address; any 2xx answer is success. */
export const WebhookAction = z.strictObject({
  ...actionBase,
  kind: z.literal("webhook"),
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  timeoutSeconds: z.int().min(1).max(600).default(30),
  retries: z.int().min(0).max(10).default(3),
});

/** The events of an execution: its start, the end of each group, and its end. */
const NotificationEvent = z.enum(["started", "progress", "ended"]);
export type NotificationEvent = z.infer<typeof NotificationEvent>;

/** An HTTP address that receives events of executions of the plan (A7). Its response has no effect. */
export const Notification = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  on: z.array(NotificationEvent).min(1).max(3).default(NotificationEvent.options),
});

export const Action = z.discriminatedUnion("kind", [ManualAction, WebhookAction]);
export type Action = z.infer<typeof Action>;

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
  failurePolicy: perVerb(FailurePolicy),
  objectives: perVerb(Objectives),
  validation: Validation.prefault({}),
  notifications: z.array(Notification).max(20).optional(),
});
export type Plan = z.infer<typeof Plan>;
export type PlanInput = z.input<typeof Plan>;

/** A saved version of a plan. It never changes. */
export const PlanVersion = z.strictObject({
  plan: Plan,
  version: z.int().min(1),
  hash: z.string(),
  savedAt: z.iso.datetime(),
});
export type PlanVersion = z.infer<typeof PlanVersion>;
