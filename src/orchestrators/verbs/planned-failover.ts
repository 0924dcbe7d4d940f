import { checkPrerequisites } from "../runtime/check-prerequisites.js";
import { type ExecutionWorkflow, requireRecovered } from "../runtime/execution-workflow.js";
import { shutDownSources } from "../runtime/shut-down-sources.js";
import { restoreUnbegun, startGroups, undoByRestoring } from "../runtime/stages.js";
import { removeLeftNetworks, undoLeftNetworks } from "../runtime/test-networks.js";
import { awaitValidation } from "../runtime/validation.js";

/** Moves the plan's items without losing anything: sources off and synchronised first, or nothing moves. */
export const plannedFailover: ExecutionWorkflow = function* (execution) {
  yield* checkPrerequisites(execution);
  undoLeftNetworks(execution);
  undoByRestoring(execution);
  yield* shutDownSources(execution, { mustSucceed: true });
  yield* startGroups(execution, "recover-item", { kind: "latest" }); // after the last synchronisation: nothing is lost
  requireRecovered(execution);
  yield* restoreUnbegun(execution);
  yield* removeLeftNetworks(execution);
  yield* awaitValidation(execution);
};
