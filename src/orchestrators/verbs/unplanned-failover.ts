import { checkPrerequisites } from "../runtime/check-prerequisites.js";
import type { ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { shutDownSources } from "../runtime/shut-down-sources.js";
import { startGroups, undoByRestoring } from "../runtime/stages.js";
import { removeLeftNetworks } from "../runtime/test-networks.js";
import { awaitValidation } from "../runtime/validation.js";

/** Brings the plan's items up whether or not the sources answer, and reports what was lost. */
export const unplannedFailover: ExecutionWorkflow = function* (execution) {
  yield* checkPrerequisites(execution);
  undoByRestoring(execution, execution.itemsToDo);
  if (execution.plan.attemptShutdown) yield* shutDownSources(execution, { mustSucceed: false });
  yield* startGroups(execution, "recover-item", execution.plan.recoveryPoint);
  yield* removeLeftNetworks(execution);
  yield* awaitValidation(execution);
};
