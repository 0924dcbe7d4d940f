import type { ChosenPoint } from "../../executions/contracts.js";
import type { ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { chooseRecoveryPoints } from "../runtime/recovery-points.js";
import { runAllItems } from "../runtime/stages.js";

/** Before commit: sets failed-over items to another recovery point (P4). Items without such a point stay as they are. */
export const changeRecoveryPoint: ExecutionWorkflow = function* (execution) {
  const choice = execution.plan.recoveryPoint;
  const points = new Map<string, ChosenPoint>();
  for (const group of execution.plan.groups) {
    for (const [id, point] of yield* chooseRecoveryPoints(execution, group, choice)) points.set(id, point);
  }
  const found = execution.itemsToDo.filter(({ id }) => points.get(id)?.point);
  yield* runAllItems(execution, "repoint-item", found, ({ id }) => ({ pointId: points.get(id)?.point?.id }));
};
