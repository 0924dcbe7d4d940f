import { checkPrerequisites } from "../runtime/check-prerequisites.js";
import type { ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { restoreLeftBehind, shutDownSources } from "../runtime/shut-down-sources.js";
import { startGroups, undoByRestoring } from "../runtime/stages.js";
import { removeLeftNetworks } from "../runtime/test-networks.js";
import { awaitValidation } from "../runtime/validation.js";

/** Moves the plan's items without losing anything: sources off and synchronised first, or nothing moves. */
export const plannedFailover: ExecutionWorkflow = function* (execution) {
  yield* checkPrerequisites(execution);
  undoByRestoring(execution, execution.itemsToDo);
  yield* shutDownSources(execution, { mustSucceed: true });
  yield* startGroups(execution, "recover-item", { kind: "latest" }); // after the last synchronisation: nothing is lost
  yield* restoreLeftBehind(execution);
  yield* removeLeftNetworks(execution);
  yield* awaitValidation(execution);
};
