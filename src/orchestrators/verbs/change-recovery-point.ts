import type { Durable } from "../../durable/call.js";
import type { ChosenPoint } from "../../executions/contracts.js";
import { RESTORE_STEP } from "../../steps/plan-steps.js";
import type { ExecutionContext, ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { chooseRecoveryPoints } from "../runtime/recovery-points.js";
import { runItems } from "../runtime/run-items.js";
import { noteUndone, runAllItems } from "../runtime/stages.js";

/** Before commit: sets failed-over items to another recovery point (P4). Items without such a point stay as they are. */
export const changeRecoveryPoint: ExecutionWorkflow = function* (execution) {
  const choice = execution.plan.recoveryPoint;
  const points = new Map<string, ChosenPoint>();
  for (const group of execution.plan.groups) {
    for (const [id, point] of yield* chooseRecoveryPoints(execution, group, choice)) points.set(id, point);
  }
  const found = execution.itemsToDo.filter(({ id }) => points.get(id)?.point);
  for (const { id } of found) execution.begun.add(id);
  try {
    yield* runAllItems(execution, "repoint-item", found, ({ id }) => ({ pointId: points.get(id)?.point?.id }));
  } catch (thrown) {
    yield* returnToEarlierPoints(execution);
    throw thrown;
  }
  yield* returnToEarlierPoints(execution);
};

/** An item that does not run from its new point runs from its earlier one again: otherwise it would be down at both sites. */
function* returnToEarlierPoints(execution: ExecutionContext): Durable<void> {
  const failed = execution.itemsToDo.filter(
    ({ id, runsFrom }) => runsFrom !== undefined && execution.begun.has(id) && hasFailed(execution, id),
  );
  if (failed.length === 0) return;
  for (const item of failed) item.epoch += 1; // the failed attempt may have raised it
  yield* execution.step(RESTORE_STEP, function* () {
    const reports = yield* runItems(execution, RESTORE_STEP, "repoint-item", failed, ({ runsFrom }) => ({
      pointId: runsFrom?.id,
      attempt: execution.asks + 2, // each attempt has a number of its own
    }));
    noteUndone(execution, reports, "it runs from its earlier recovery point again");
  });
}

const hasFailed = ({ reports }: ExecutionContext, itemId: string): boolean => reports.get(itemId)?.outcome === "failed";
