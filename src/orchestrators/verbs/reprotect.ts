import { withActions } from "../runtime/actions.js";
import { checkPrerequisites } from "../runtime/check-prerequisites.js";
import type { ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { runAllItems } from "../runtime/stages.js";

/** Replicates in the reverse direction, from where the workloads run now, until they are protected again. */
export const reprotect: ExecutionWorkflow = function* (execution) {
  yield* checkPrerequisites(execution);
  const options = execution.plan.reprotect;
  yield* withActions(execution, "reprotect", () =>
    runAllItems(execution, "reprotect-item", execution.itemsToDo, () => ({ reprotect: options })),
  );
};
