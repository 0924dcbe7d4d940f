import { checkPrerequisites } from "../runtime/check-prerequisites.js";
import type { ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { beginShutdown } from "../runtime/shut-down-sources.js";
import { startGroups, undoByRestoring } from "../runtime/stages.js";
import { removeLeftNetworks } from "../runtime/test-networks.js";
import { awaitValidation } from "../runtime/validation.js";

/** Brings the plan's items up whether or not the sources answer, and reports what was lost. */
export const unplannedFailover: ExecutionWorkflow = function* (execution) {
  yield* checkPrerequisites(execution);
  undoByRestoring(execution, execution.itemsToDo);
  const awaitSources = execution.plan.attemptShutdown ? yield* beginShutdown(execution) : undefined;
  yield* startGroups(execution, "recover-item", execution.plan.recoveryPoint, { awaitSources });
  yield* removeLeftNetworks(execution);
  yield* awaitValidation(execution);
};
