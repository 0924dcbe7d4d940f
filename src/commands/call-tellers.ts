import { stepTitle } from "../activities/step-titles.js";
import { hasCode } from "../domain/errors.js";
import type { Execution, Step } from "../domain/execution.js";
import { WAKE_EVENT } from "../durable/fiber-scheduler.js";
import { unpackSteps } from "../durable/progress.js";
import { sliceNumbers, tellerInstanceId } from "../orchestrators/instance-ids.js";
import type { Context } from "./context.js";
import { openStages, type Stage } from "./execution-tree.js";
import { planRun } from "./execution-view.js";

/** Lets the orchestrations that tell of an execution's items look again, however long they meant to wait. */
export async function callTellers(context: Context, executionId: string): Promise<void> {
  const { store, orchestrations } = context;
  const [found, seen] = await Promise.all([store.getExecution(executionId), orchestrations.look(executionId)]);
  if (!found || !seen) return;
  const own = unpackSteps(seen.steps, (id) => stepTitle(found.value.verb, id));
  const stages = await readableStages(context, found.value, own);
  const tellers = stages.flatMap(({ id, itemIds }) =>
    sliceNumbers(itemIds.length).map((slice) => tellerInstanceId(executionId, id, slice)),
  );
  await Promise.all(tellers.map((id) => orchestrations.raise(id, WAKE_EVENT, {})));
}

/** None when the plan can't be read: those who tell of its groups then look when their own wait ends. */
async function readableStages(context: Context, execution: Execution, own: readonly Step[]): Promise<Stage[]> {
  try {
    return openStages(execution, await planRun(context, execution), own);
  } catch (thrown) {
    if (!hasCode(thrown, "row-unreadable")) throw thrown;
    return [];
  }
}
