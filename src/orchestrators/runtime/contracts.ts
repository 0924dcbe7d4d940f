import { z } from "zod";
import { Decision } from "../../domain/decisions.js";
import { ReprotectOptions } from "../../domain/failback/reprotect-options.js";
import { Probe } from "../../domain/plans/probes.js";
import { Guid, Id } from "../../domain/text.js";
import { Direction, Scenario, Verb } from "../../domain/vocabulary.js";
import { orchestrationContract } from "../../durable/contract.js";
import { itemReport } from "../../executions/contracts.js";

/** The input of an execution: its id, which is the orchestration's too. The rest is read from its record. */
export const executionInput = z.object({ executionId: Guid });
const executionEnd = z.object({ status: z.string() });

/** The orchestration of a verb: every verb has one, under its own name. */
export const executionContract = (verb: Verb) =>
  orchestrationContract({ name: verb, input: executionInput, output: executionEnd });

/** What an item workflow is given of its item; a workflow takes what it needs. */
const itemTask = z.object({
  itemId: Id,
  scenario: Scenario,
  direction: Direction,
  epoch: z.int().min(0),
  pointId: Id.optional(),
  networkId: z.string().optional(),
  /** The test that the item has a copy of. */
  testExecutionId: z.string().optional(),
  /** From 2 on when the workflow runs again because somebody answered `retry`. */
  attempt: z.int().min(1).default(1),
  /** What the started machine must answer. */
  probes: z.array(Probe).default([]),
  reprotect: ReprotectOptions.optional(),
});
export type ItemTask = z.output<typeof itemTask>;
export type ItemTaskInput = z.input<typeof itemTask>;

/** The execution that an item workflow belongs to. */
const itemExecution = z.object({
  worldId: Id,
  executionId: Guid,
  verb: Verb,
  queueLimitMs: z.number().positive(),
  stepLimitsMs: z.record(z.string(), z.number().positive()),
});

/** What one item workflow is given. */
export type ItemInput = z.output<typeof itemExecution> & { item: ItemTask };

/** What can be done to one item, each as a workflow of its own. */
export const ItemWorkflowName = z.enum([
  "release-source",
  "process-pending-item",
  "recover-item",
  "test-item",
  "clean-up-item",
  "revert-test-item",
  "repoint-item",
  "commit-item",
  "restore-item",
  "reprotect-item",
  "promote-test-item",
  "disable-item",
  "enable-item",
  "resynchronise-item",
]);
export type ItemWorkflowName = z.output<typeof ItemWorkflowName>;

/** Runs one workflow for many items concurrently. More items than a slice are split over children of the same kind. */
export const itemBatch = orchestrationContract({
  name: "item-batch",
  input: itemExecution.extend({
    stage: z.string(),
    /** The number of the slice in its stage; 0 is the whole stage. */
    slice: z.int().min(0),
    workflow: ItemWorkflowName,
    items: z.array(itemTask),
  }),
  /** `revision`: how often the workflow was steered; missing if never. */
  output: z.object({ reports: z.array(itemReport), revision: z.int().optional() }),
});

export type ItemBatchInput = z.input<typeof itemBatch.input>;

/** The event by which people's decisions reach a running execution. */
export const DECISION_EVENT = "decision";

/** The event that a commit timer was cancelled or extended. Its record says which. */
export const COMMIT_TIMER_EVENT = "commit-timer";

/** Tells a drill that something ended that it waits for. The record says what. */
export const DRILL_EVENT = "drill-news";

/**
 * A decision, a cancel or news of steering on its way to the execution, or the news that an approval is decided or over.
 * Its record has it already.
 */
export const decision = z.union([
  Decision,
  z.object({ kind: z.literal("approval"), approvalId: Guid }),
  z.object({ kind: z.literal("cancel"), behaviour: z.enum(["restore-protection", "as-documented"]), by: z.string() }),
  /** The record has more steering than the workflow may know. */
  z.object({ kind: z.literal("steered") }),
]);
export type DecisionEvent = z.output<typeof decision>;
