import { RecoveryError } from "../../domain/errors.js";
import { listed } from "../../domain/wording.js";
import { REMOVE_COPIES_STEP, UNDO_STEP } from "../../steps/plan-steps.js";
import { checkPrerequisites } from "../runtime/check-prerequisites.js";
import type { ExecutionContext, ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { noteUndone, runItems, startGroups } from "../runtime/stages.js";
import { prepareTestNetworks } from "../runtime/test-networks.js";

/** Starts copies of the plan's items on an isolated network; they stay until a test clean-up. */
export const testFailover: ExecutionWorkflow = function* (execution) {
  yield* checkPrerequisites(execution);
  const networks = yield* prepareTestNetworks(execution);
  undoByRemovingCopies(execution);
  yield* startGroups(execution, "test-item", execution.plan.recoveryPoint, ({ targetSiteId }) => ({
    networkId: networks.get(targetSiteId),
  }));
};

function undoByRemovingCopies(execution: ExecutionContext): void {
  const testExecutionId = execution.plan.executionId;
  execution.undo.register(REMOVE_COPIES_STEP, function* () {
    if (!execution.touched) return;
    const reports = yield* execution.step(UNDO_STEP, () =>
      runItems(execution, UNDO_STEP, "revert-test-item", execution.itemsToDo, () => ({ testExecutionId })),
    );
    noteUndone(execution, reports);
    const left = reports.filter(({ outcome }) => outcome !== "succeeded").map(({ itemId }) => itemId);
    if (left.length > 0) throw new RecoveryError("undo-failed", `test copies left of ${listed(left)}`);
  });
}
