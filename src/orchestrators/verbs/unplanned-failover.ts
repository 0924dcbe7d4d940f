import { checkPrerequisites } from "../runtime/check-prerequisites.js";
import { type ExecutionWorkflow, requireRecovered } from "../runtime/execution-workflow.js";
import { beginShutdown } from "../runtime/shut-down-sources.js";
import { restoreUnbegun, startGroups, undoByRestoring } from "../runtime/stages.js";
import { removeLeftNetworks, undoLeftNetworks } from "../runtime/test-networks.js";
import { awaitValidation } from "../runtime/validation.js";

/** Brings the plan's items up whether or not the sources answer, and reports what was lost. */
export const unplannedFailover: ExecutionWorkflow = function* (execution) {
  yield* checkPrerequisites(execution);
  undoLeftNetworks(execution);
  undoByRestoring(execution);
  const awaitSources = execution.plan.attemptShutdown ? yield* beginShutdown(execution) : undefined;
  yield* startGroups(execution, "recover-item", () => execution.plan.recoveryPoint, { awaitSources });
  requireRecovered(execution);
  yield* restoreUnbegun(execution);
  yield* removeLeftNetworks(execution);
  yield* awaitValidation(execution);
};
