import { stageOfPart } from "../activities/settle-items.js";
import { stepTitle } from "../activities/step-titles.js";
import type { Execution, Step, StepRecord } from "../domain/execution.js";
import { unpackSteps } from "../durable/progress.js";
import { sliceNumbers, tellerInstanceId } from "../orchestrators/instance-ids.js";
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
 * Steps of the items of a stage under way: the orchestrations that tell of them show them, a slice of items each. One
 * whose items have ended is looked at too: it may stand still before it has said so.
 */
export async function liveItemSteps(
  { orchestrations }: Context,
  { executionId, verb }: Execution,
  { id, itemIds }: Stage,
): Promise<StepsOfItems> {
  const tellers = sliceNumbers(itemIds.length).map((slice) => tellerInstanceId(executionId, id, slice));
  const seen = await Promise.all(tellers.map((teller) => orchestrations.look(teller)));
  const items = seen.flatMap((view) => [...(view?.itemSteps ?? [])]);
  return new Map(items.map(([itemId, steps]) => [itemId, unpackSteps(steps, (step) => stepTitle(verb, step))]));
}
