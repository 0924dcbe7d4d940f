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
  // After the last synchronisation the latest points lose nothing. Whoever switched to unplanned accepts a loss.
  const isSwitched = execution.steering.switched !== undefined;
  yield* startGroups(execution, "recover-item", () => (isSwitched ? execution.plan.recoveryPoint : { kind: "latest" }));
  requireRecovered(execution);
  yield* restoreUnbegun(execution);
  yield* removeLeftNetworks(execution);
  yield* awaitValidation(execution);
};
