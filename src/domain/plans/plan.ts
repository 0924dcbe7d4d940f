import { z } from "zod";
import { RecoveryPointChoice } from "../recovery-points/recovery-point-choice.js";
import { Id, Name, Text } from "../text.js";
import { Criticality, Direction, FailoverType, OnFailure } from "../vocabulary.js";
import { Probe } from "./probes.js";

const actionBase = {
  id: Id,
  name: Name,
  /** An action whose list is empty would never run, so an empty list is refused. */
  failoverTypes: z.array(FailoverType).min(1).max(3),
  directions: z.array(Direction).min(1).max(2).default(["primary-to-recovery"]),
  /** Missing means what the plan's failure policy says for the verb. */
  onFailure: OnFailure.optional(),
};

/** A step that waits until a person confirms it. */
export const ManualAction = z.strictObject({
  ...actionBase,
  kind: z.literal("manual"),
  instructions: Text,
  timeLimitMinutes: z.int().min(1).max(43_200).default(1_440),
});

/** A step that calls an HTTP address; any 2xx answer is success. */
export const WebhookAction = z.strictObject({
  ...actionBase,
  kind: z.literal("webhook"),
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  timeoutSeconds: z.int().min(1).max(600).default(30),
  retries: z.int().min(0).max(10).default(3),
});

/** What of an execution somebody may be told: its start, each group that went through, and its end. */
const NotifiedOf = z.enum(["started", "progress", "ended"]);
export type NotifiedOf = z.infer<typeof NotifiedOf>;

/** An HTTP address that is told how executions of the plan go (A7). What it answers changes nothing. */
export const Notification = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  on: z.array(NotifiedOf).min(1).max(3).default(NotifiedOf.options),
});

export const Action = z.discriminatedUnion("kind", [ManualAction, WebhookAction]);
export type Action = z.infer<typeof Action>;

export const PlanItem = z.strictObject({
  id: Id,
  /** An optional item's failure never ends an execution. */
  criticality: Criticality.default("critical"),
  /** The item's own word on its failure; missing means the group's, then what the failure policy says for the verb. */
  onFailure: OnFailure.optional(),
  /** Gates: the item counts as started when all of them are answered. */
  probes: z.array(Probe).max(20).optional(),
});
export type PlanItem = z.infer<typeof PlanItem>;

/** Items that start together, with what is done before and after. */
export const PlanGroup = z.strictObject({
  id: Id,
  name: Name,
  /** Groups that must have started first. Missing means the one before it in the list. */
  dependsOn: z.array(Id).max(50).optional(),
  before: z.array(Action).max(50).default([]),
  items: z.array(PlanItem).max(2_000),
  after: z.array(Action).max(50).default([]),
  /** The group counts as started when this many of its items are. Missing means every critical one. */
  minimumHealthy: z.int().min(0).max(2_000).optional(),
  /** The group's own word on failures of its items. */
  onFailure: OnFailure.optional(),
});
export type PlanGroup = z.infer<typeof PlanGroup>;

export const FailurePolicy = z.strictObject({ onItemFailure: OnFailure, onActionFailure: OnFailure });
export type FailurePolicy = z.infer<typeof FailurePolicy>;

/** What the business asks of one verb. */
export const Objectives = z.strictObject({
  rpoSeconds: z.int().min(0).max(31_536_000).optional(),
  rtoSeconds: z.int().min(0).max(31_536_000).optional(),
});
export type Objectives = z.infer<typeof Objectives>;

/** Verbs that a plan may have a failure policy and objectives of its own for. */
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
  /** False: an execution ends commit pending without waiting for anybody. */
  required: z.boolean().default(true),
  timeLimitMinutes: z.int().min(1).max(43_200).default(1_440),
  /** What happens when nobody decides in time: keep the failed-over machines, or undo the failover. */
  onExpiry: z.enum(["keep", "undo"]).default("keep"),
});

/** The stage before the groups, in which sources are shut down together. */
export const ShutdownStage = z.strictObject({
  order: z.enum(["together", "reverse-group-order"]).default("together"),
  before: z.array(Action).max(50).default([]),
  after: z.array(Action).max(50).default([]),
});

/** Ordered groups of items with actions and policies, as a user writes it. */
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

/** A saved plan: immutable under its version. */
export const PlanVersion = z.strictObject({
  plan: Plan,
  version: z.int().min(1),
  hash: z.string(),
  savedAt: z.iso.datetime(),
});
export type PlanVersion = z.infer<typeof PlanVersion>;
