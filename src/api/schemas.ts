import { z } from "zod";
import { CancelRequest, ExecutionOptions } from "../domain/execution.js";
import { ItemCondition, ItemRecord } from "../domain/items/item-record.js";
import { PlanProtectionGroup, ProtectionGroup } from "../domain/items/protection-group.js";
import { PolicyInForce } from "../domain/plans/failure-policy.js";
import { PlanVersion } from "../domain/plans/plan.js";
import { DiskCoverage, RecoveryPoint } from "../domain/recovery-points/recovery-point-choice.js";
import { Guid, Id, Instant, Name, Text } from "../domain/text.js";
import { FailureAnswer, Verb } from "../domain/vocabulary.js";
import { ReplicationPolicy, TargetSettings } from "../domain/worlds/world.js";
import { OperationName } from "../steps/catalogue.js";
import { machineView } from "./machine-view.js";

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().min(1).max(1_000).optional(),
});

export function pageOf<T extends z.ZodType>(entry: T) {
  return z.object({
    entries: z.array(entry),
    cursor: z.string().optional(),
    unreadable: z
      .array(z.string())
      .optional()
      .describe("rows that are left out because they are unreadable, each with the reason; missing if there are none"),
  });
}

export const noQuery = z.strictObject({});
export const nothing = z.undefined();
export const nowhere = z.strictObject({});

/** What routes have in common that read, or remove, and take nothing but what their path and query name. */
export const read = { method: "GET", body: nothing, headers: {}, status: 200, answers: [], query: noQuery } as const;
export const remove = {
  method: "DELETE",
  body: nothing,
  headers: {},
  status: 204,
  answers: [],
  query: noQuery,
  response: nothing,
} as const;

export const worldView = z.object({
  worldId: Id,
  name: Name,
  importedAt: Instant,
  itemCount: z.int(),
  change: z
    .object({ kind: z.enum(["import", "merge", "reset", "removal"]), since: Instant })
    .optional()
    .describe("a change that is under way, or that died half-way; its repetition completes it"),
});

const names = z.array(z.string());
export const importedView = worldView.extend({
  import: z.object({
    mode: z.enum(["first", "unchanged", "merge", "reset"]),
    added: names,
    changed: names,
    kept: names.describe("what the world has and the file lacks"),
  }),
});

export const unsettledView = z.object({
  executionId: Guid,
  since: Instant,
  trouble: z
    .object({ reason: z.string(), since: Instant })
    .optional()
    .describe("why it could not be repaired at the last attempt; missing while nothing is wrong"),
});

export const planSummary = PlanVersion.extend({
  warnings: z
    .array(z.string())
    .optional()
    .describe("missing where the members of all plans of the page would cost too many reads; show the plan then"),
});

export const planView = PlanVersion.extend({
  etag: z.string(),
  warnings: z.array(z.string()),
  failurePolicies: z.record(Verb, PolicyInForce).describe("the failure policy in force for each verb"),
  protectionGroups: z
    .array(PlanProtectionGroup)
    .describe("each group is followed by its failback group; a reprotect moves items between them"),
  nextDue: Instant.nullable().describe("when the next drill is due by its schedule; null without one"),
});

export const allowedAction = z.object({
  verb: Verb,
  allowed: z.boolean(),
  because: z.string().nullable(),
  remedy: z.string().nullable().describe("what would help, for people"),
  doFirst: z.array(Verb).describe("the verbs to run first, in order; the first is allowed now"),
  useInstead: Verb.nullable().describe("the verb that does here what the caller wants"),
});

/** A moment of an emulated estate in both times. Without an `emulated` before its name, a time is real. */
const emulatedMoment = Instant.nullable().describe("the same moment in the time of the emulated estate");
export const realMoment = Instant.nullable().describe("real time; null if the estate that it belongs to is gone");

export const clockView = z
  .object({
    at: Instant.describe("the moment of this answer, in real time"),
    emulatedAt: emulatedMoment,
    emulatedSecondsPerSecond: z.number().nullable(),
  })
  .describe("every time is real, except those whose name begins with `emulated`");

/** A point that the replica can start from, with the time of its data. */
export const recoveryPointView = RecoveryPoint.extend({ time: realMoment, emulatedTime: Instant });

const conditionView = ItemCondition.extend({ emulatedSince: emulatedMoment });

/** What the hypervisor reports about an item now. */
const liveView = z.object({
  replication: z.object({
    state: z.enum(["replicating", "stopped"]),
    rpoSeconds: z.number(),
    newestPoint: recoveryPointView.nullable(),
    /** A planned failover has already set up the reverse replication (H). */
    reversed: z.boolean(),
  }),
  policy: ReplicationPolicy,
  failbackPolicy: ReplicationPolicy.extend({ configurationServerId: Id.nullable() }).nullable(),
  agentRegistered: z.boolean(),
  leftBehind: z.array(z.enum(["machine", "disks"])),
  machine: z.object({ form: z.enum(["vm", "physical"]), hostId: Id.optional(), datastoreId: Id.optional() }),
  tools: z.enum(["running", "disabled", "absent"]),
});

export const itemView = ItemRecord.extend({
  recoveryPoint: recoveryPointView.nullable(),
  conditions: z.array(conditionView),
  emulatedLastTestFailoverAt: emulatedMoment,
  emulatedLastFailoverAt: emulatedMoment,
  protectionGroup: ProtectionGroup,
  live: liveView,
  allowedActions: z.array(allowedAction),
});

const copyView = z.object({
  siteId: Id,
  power: z.enum(["on", "off"]),
  heartbeat: z.enum(["ok", "none"]),
  tools: z.enum(["running", "disabled", "absent"]).describe("VMware tools; absent where there are none"),
  writable: z.boolean().describe("true when the copy takes production writes"),
});

export const itemDetail = itemView.extend({
  machine: machineView.describe("the machine as it is at home"),
  target: TargetSettings.describe("compute and network settings at the recovery site, as they were given"),
  effective: TargetSettings.describe(
    "the settings that the next failover, in its direction, gives the machine, with every automatic choice made",
  ),
  clock: clockView,
  source: copyView,
  replica: copyView,
  replication: z.object({
    state: z.enum(["replicating", "stopped"]),
    rpoSeconds: z.number().describe("age of the newest data received, in emulated seconds"),
  }),
});

export const recoveryPointsView = z.object({
  itemId: Id,
  replicationGroupId: Id.nullable(),
  points: z.array(recoveryPointView),
  pending: z.boolean(),
  receivedUntil: Instant.nullable().describe("everything that the source wrote before this time has arrived"),
  emulatedReceivedUntil: emulatedMoment,
  lastWriteAt: Instant.nullable().describe("the last write of the source; null when it wrote nothing"),
  emulatedLastWriteAt: emulatedMoment,
  /** Null when the points hold every disk of the machine (A5). */
  disks: DiskCoverage.nullable(),
  at: realMoment,
  emulatedAt: Instant,
});

/** Accepted from clients that send it, and not used: the credential says who the caller is. */
const ignored = Name.optional().describe("ignored: the credential of the request says who the caller is");

export const startBody = z.strictObject({
  verb: Verb,
  options: ExecutionOptions.prefault({}),
  requestedBy: ignored,
});

export const validateBody = z
  .strictObject({ verdict: z.enum(["accept", "reject"]), by: ignored, reason: Text.optional() })
  .refine(({ verdict, reason }) => verdict === "accept" || reason !== undefined, {
    path: ["reason"],
    message: "a rejection needs a reason",
  });

export const cancelBody = z
  .strictObject({
    behaviour: CancelRequest.shape.behaviour.default("restore-protection"),
    by: ignored,
    reason: Text.optional(),
  })
  .prefault({});

export const resolveBody = z.strictObject({
  ask: z.int().min(1).max(10_000),
  answer: FailureAnswer,
  by: ignored,
  reason: Text.optional(),
});

export const cancelTimerBody = z.strictObject({ reason: Text.optional() }).prefault({});
export const extendTimerBody = z.strictObject({
  until: Instant.describe("the new end, later than the present one and at most thirty days after the failover"),
  reason: Text.optional(),
});

/** Which time a question is asked. */
export const ask = z.int().min(1).max(10_000);
export const continueWithoutBody = z
  .strictObject({
    itemIds: z
      .array(Id)
      .min(1)
      .max(2_000)
      .optional()
      .describe("the machines to continue without; by default all whose steps hang or take unusually long"),
    by: ignored,
    reason: Text.optional(),
  })
  .prefault({});

export const confirmBody = z.strictObject({
  actionId: Id,
  ask: ask.default(1).describe("from `awaits`: 2 or more when the action is asked for again after a failure"),
  done: z.boolean().default(true),
  by: ignored,
  note: Text.optional(),
});

export const completeBody = z.strictObject({
  token: z.string().min(1).max(200).describe("the token that the call of the webhook carried"),
  done: z.boolean().default(true).describe("false: the action failed"),
  detail: z.string().max(2_000).optional().describe("what was done, or why it failed; shown with the action"),
});

/** `warnings`: allowed, but not recommended, such as more items than Azure Site Recovery takes. */
export const accepted = z.object({ executionId: Guid, warnings: z.array(z.string()).optional() });

export const faultBody = z.strictObject({
  target: z.union([z.strictObject({ itemId: Id }), z.strictObject({ siteId: Id }), z.strictObject({ linkId: Id })]),
  operation: OperationName.optional(),
  mode: z.enum(["fail-before", "fail-after", "refuse", "hang", "slow"]),
  factor: z.number().gt(1).max(1_000).optional(),
  times: z.int().min(1).max(1_000).optional(),
});
export const faultView = faultBody.extend({ faultId: z.string(), addedAt: Instant });

/** An entry of the catalogue of prerequisites, for people. */
export const prerequisite = {
  code: z.string(),
  title: z.string(),
  severity: z.enum(["error", "warning"]),
  examined: z.string(),
  why: z.string(),
  fix: z.string(),
  /** The verb that fixes it, or null when a person has to. */
  fixedBy: Verb.nullable(),
  /** The code under which Azure Site Recovery reports it. */
  asrCode: z.string().nullable(),
};
export const finding = z.object({ ...prerequisite, itemId: Id, found: z.string() });
