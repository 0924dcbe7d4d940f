import { z } from "zod";
import { itemReport } from "../activities/contracts/execution.js";
import { ReprotectOptions } from "../domain/failback/reprotect-options.js";
import { Probe } from "../domain/plans/probes.js";
import { Guid, Id } from "../domain/text.js";
import { Direction, FailureAnswer, Verb } from "../domain/vocabulary.js";
import { orchestrationContract } from "../durable/contract.js";

/** What starts an execution: its id, which is the orchestration's too. The rest is read from its record. */
const executionInput = z.object({ executionId: Guid });
const executionEnd = z.object({ status: z.string() });

function execution(name: Verb) {
  return orchestrationContract({ name, input: executionInput, output: executionEnd });
}

/** Every verb has a story, under its own name. */
export const EXECUTIONS = {
  "test-failover": execution("test-failover"),
  "test-clean-up": execution("test-clean-up"),
  "planned-failover": execution("planned-failover"),
  "unplanned-failover": execution("unplanned-failover"),
  "change-recovery-point": execution("change-recovery-point"),
  commit: execution("commit"),
  "cancel-failover": execution("cancel-failover"),
  reprotect: execution("reprotect"),
  failback: execution("failback"),
  "planned-failback": execution("planned-failback"),
  "full-run": execution("full-run"),
  "promote-test": execution("promote-test"),
  "disable-replication": execution("disable-replication"),
  "enable-replication": execution("enable-replication"),
  resynchronise: execution("resynchronise"),
} as const satisfies Record<Verb, unknown>;

/** What one item's story is told about its item; a story takes what it needs. */
export const itemTask = z.object({
  itemId: Id,
  epoch: z.int().min(0),
  pointId: Id.optional(),
  networkId: z.string().optional(),
  /** The test that the item has a copy of. */
  testExecutionId: z.string().optional(),
  direction: Direction.optional(),
  /** From 2 on when the story is told again because somebody answered `retry`. */
  attempt: z.int().min(1).default(1),
  /** What the started machine must answer. */
  probes: z.array(Probe).optional(),
  reprotect: ReprotectOptions.optional(),
});
export type ItemTask = z.output<typeof itemTask>;

/** The run that an item's story belongs to. */
export const itemRun = z.object({ worldId: Id, executionId: Guid, verb: Verb, stepLimitMs: z.number().positive() });

/** What one item's story is told. */
export type ItemInput = z.output<typeof itemRun> & { item: ItemTask };

/** What can be told of one item. */
export const itemStoryName = z.enum([
  "release-source",
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
export type ItemStoryName = z.output<typeof itemStoryName>;

/** Tells one story of many items side by side; more than a slice of them are told by children of its own kind. */
export const runItems = orchestrationContract({
  name: "run-items",
  input: itemRun.extend({
    stage: z.string(),
    /** Which slice of the stage; 0 is the whole of it. */
    slice: z.int().min(0),
    story: itemStoryName,
    items: z.array(itemTask),
  }),
  output: z.object({ reports: z.array(itemReport) }),
});

/** The event by which people's decisions reach a running execution. */
export const DECISION_EVENT = "decision";

const by = z.string();

/** A person's decision on its way to the execution; commands have checked that somebody waits for it. */
export const decision = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("confirm"), actionId: Id, done: z.boolean(), by, note: z.string() }),
  z.object({ kind: z.literal("validate"), verdict: z.enum(["accept", "reject"]), by, reason: z.string() }),
  z.object({ kind: z.literal("resolve"), ask: z.int().min(1), answer: FailureAnswer, by, reason: z.string() }),
  z.object({ kind: z.literal("cancel"), behaviour: z.enum(["restore-protection", "as-documented"]), by }),
]);
export type Decision = z.output<typeof decision>;
