import { hasCode } from "../domain/errors.js";
import type { Execution, Step } from "../domain/execution.js";
import { WAKE_EVENT, type WakeEvent } from "../durable/fiber-scheduler.js";
import { unpackSteps } from "../durable/progress.js";
import { batchInstanceIds } from "../orchestrators/runtime/instance-ids.js";
import { stepTitle } from "../steps/plan-steps.js";
import type { Context } from "./context.js";
import { openStages, type Stage } from "./execution-tree.js";
import { planOfExecution } from "./execution-view.js";

/** Wakes the orchestrations that run an execution's items, even from a long sleep, or ends steps that they wait for. */
export async function wakeItemOrchestrations(
  context: Context,
  executionId: string,
  event: WakeEvent = {},
): Promise<void> {
  const { store, orchestrations } = context;
  const [found, seen] = await Promise.all([store.getExecution(executionId), orchestrations.getStatus(executionId)]);
  if (!found || !seen) return;
  const own = unpackSteps(seen.steps, (id) => stepTitle(found.value.verb, id));
  const stages = await readableStages(context, found.value, own);
  const ids = stages.flatMap(({ id, itemIds }) => batchInstanceIds(executionId, id, itemIds.length));
  await Promise.all(ids.map((id) => orchestrations.raise(id, WAKE_EVENT, event)));
}

/** None when the plan can't be read: then the orchestrations of its groups notice when their timers fire. */
async function readableStages(context: Context, execution: Execution, own: readonly Step[]): Promise<Stage[]> {
  try {
    return openStages(execution, await planOfExecution(context, execution), own);
  } catch (thrown) {
    if (hasCode(thrown, "row-unreadable")) return [];
    throw thrown;
  }
}
