import type { Execution, Step, StepRecord } from "../domain/execution.js";
import { unpackSteps } from "../durable/progress.js";
import { itemsPart, stageOfPart } from "../executions/step-parts.js";
import { batchInstanceIds } from "../orchestrators/runtime/instance-ids.js";
import { stepTitle } from "../steps/plan-steps.js";
import type { Context } from "./context.js";
import type { Stage, StepsOfItems } from "./execution-tree.js";

/** Steps of items that ended, by stage and item. */
export function keptSteps(kept: readonly StepRecord[]): ReadonlyMap<string, StepsOfItems> {
  const stages = new Map<string, Map<string, Step[]>>();
  for (const { part, steps } of kept) {
    const stage = stageOfPart(part);
    if (stage === undefined) continue;
    const items = stages.get(stage) ?? new Map<string, Step[]>();
    stages.set(stage, items);
    for (const step of steps) if (step.itemId !== undefined) add(items, step.itemId, step);
  }
  return stages;
}

function add(items: Map<string, Step[]>, itemId: string, step: Step): void {
  const known = items.get(itemId);
  if (known) known.push(step);
  else items.set(itemId, [step]);
}

/**
 * Steps of the items of a running stage, read from the orchestrations of its slices. A slice that has recorded its steps
 * is not read: it has nothing more to do. One whose items have ended without a record is, because it may be blocked.
 * When all have recorded theirs and the stage still runs, one of them cannot end: all are read, to say which and why.
 * @param recorded the parts of the execution that are recorded
 */
export async function liveItemSteps(
  { orchestrations }: Context,
  { executionId, verb }: Execution,
  { id, itemIds }: Stage,
  recorded: ReadonlySet<string>,
): Promise<StepsOfItems> {
  const all = batchInstanceIds(executionId, id, itemIds.length);
  const unrecorded = all.filter((_, slice) => !recorded.has(itemsPart(id, slice)));
  const read = unrecorded.length > 0 ? unrecorded : all;
  const seen = await Promise.all(read.map((instanceId) => orchestrations.getStatus(instanceId)));
  const items = seen.flatMap((view) => [...(view?.itemSteps ?? [])]);
  return new Map(items.map(([itemId, steps]) => [itemId, unpackSteps(steps, (step) => stepTitle(verb, step))]));
}
