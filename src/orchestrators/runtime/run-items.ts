import type { z } from "zod";
import { RecoveryError } from "../../domain/errors.js";
import { type Child, callSub, type Durable } from "../../durable/call.js";
import type { ExecutionItem, ItemReport } from "../../executions/contracts.js";
import { type ItemBatchInput, type ItemTaskInput, type ItemWorkflowName, itemBatch } from "./contracts.js";
import type { ExecutionContext } from "./execution-workflow.js";
import { stageInstanceId } from "./instance-ids.js";

/** What an item workflow is given in addition to the item. */
export type ItemOptions = Partial<Omit<ItemTaskInput, "itemId" | "scenario" | "direction" | "epoch">>;
export type OptionsOf = (item: ExecutionItem) => ItemOptions;
export const noOptions: OptionsOf = () => ({});

/** Making a point of what was received changes nothing that has to be undone. */
const WITHOUT_TRACE: ReadonlySet<ItemWorkflowName> = new Set(["process-pending-item"]);

/** The child orchestration that runs one workflow for many items. */
export function stageOf(
  execution: ExecutionContext,
  stage: string,
  workflow: ItemWorkflowName,
  items: readonly ExecutionItem[],
  optionsOf = noOptions,
): Child<ItemBatchInput> {
  if (!WITHOUT_TRACE.has(workflow)) execution.touched = true;
  if (workflow === "release-source") for (const { id } of items) noteReleased(execution, id);
  const tasks = items.map((item) => {
    const { id: itemId, scenario, direction, epoch, testExecutionId } = item;
    return { itemId, scenario, direction, epoch, testExecutionId, ...optionsOf(item) };
  });
  const { queueLimitMs, stepLimitsMs, verb, executionId } = execution.plan;
  const limits = { queueLimitMs, stepLimitsMs };
  const input = {
    ...execution.ids,
    verb: execution.steering.verbInForce(verb),
    ...limits,
    stage,
    slice: 0,
    workflow,
    items: tasks,
  };
  return { id: stageInstanceId(executionId, stage), input };
}

/** Runs one workflow for many items concurrently, and returns their reports. */
export function* runItems(
  execution: ExecutionContext,
  stage: string,
  workflow: ItemWorkflowName,
  items: readonly ExecutionItem[],
  optionsOf = noOptions,
): Durable<ItemReport[]> {
  if (items.length === 0) return [];
  const child = stageOf(execution, stage, workflow, items, optionsOf);
  return reportsIn(execution, yield* callSub(execution.context, itemBatch, child));
}

/** The reports of a stage. Its answer also says whether somebody steered the execution. */
export function reportsIn({ steering }: ExecutionContext, answer: z.output<typeof itemBatch.output>): ItemReport[] {
  steering.hear(answer.revision);
  return answer.reports;
}

/** Ends the execution when a step of an item was refused because of a cancel. */
export function stopIfCancelled(reports: readonly ItemReport[]): void {
  const met = reports.find(({ outcome }) => outcome === "cancelled");
  if (met) throw new RecoveryError("cancelled", "cancelled while its items were under way");
}

/** Names that a text lists before it only counts. */
const MAX_NAMES = 10;

/** Which items failed and why, those with the same reason together: `a, b (why), c (another reason)`. */
export function failedItems(reports: readonly ItemReport[]): string {
  const namesOf = new Map<string, string[]>();
  for (const { itemId, failure } of reports) {
    const why = failure?.message ?? "unknown";
    namesOf.set(why, [...(namesOf.get(why) ?? []), itemId]);
  }
  return [...namesOf].map(([why, names]) => `${someOf(names)} (${why})`).join(", ");
}

const someOf = (names: readonly string[]): string =>
  names.length <= MAX_NAMES
    ? names.join(", ")
    : `${names.slice(0, MAX_NAMES).join(", ")} and ${names.length - MAX_NAMES} more`;

/** Also a source whose release fails may be off. One that an edit took out meanwhile is no longer where it was. */
function noteReleased({ released, reports }: ExecutionContext, itemId: string): void {
  released.add(itemId);
  const report = reports.get(itemId);
  if (report?.outcome === "left-out") reports.set(itemId, { ...report, outcome: "skipped" });
}
