import { RecoveryError } from "../../domain/errors.js";
import { listed } from "../../domain/wording.js";
import { REMOVE_COPIES_STEP, REMOVE_NETWORKS_STEP, UNDO_STEP } from "../../steps/plan-steps.js";
import { checkPrerequisites } from "../runtime/check-prerequisites.js";
import type { ExecutionContext, ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { runItems } from "../runtime/run-items.js";
import { noteUndone, startGroups } from "../runtime/stages.js";
import { prepareTestNetworks, removeUnusedNetworks } from "../runtime/test-networks.js";

/** Starts copies of the plan's items on an isolated network; they stay until a test clean-up. */
export const testFailover: ExecutionWorkflow = function* (execution) {
  yield* checkPrerequisites(execution);
  reportUntested(execution);
  const networks = yield* prepareTestNetworks(execution);
  undoByRemovingCopies(execution);
  execution.undo.register(REMOVE_NETWORKS_STEP, () => removeUnusedNetworks(execution), { evenWhenKept: true });
  yield* startGroups(execution, "test-item", () => execution.plan.recoveryPoint, {
    optionsOf: ({ targetSiteId }) => ({ networkId: networks.get(targetSiteId) }),
  });
  yield* removeUnusedNetworks(execution);
};

/** An item that still has the copy of an earlier test is not tested by this one, which therefore is no success. */
function reportUntested(execution: ExecutionContext): void {
  for (const item of execution.items.filter(({ alreadyDone }) => alreadyDone)) {
    const message = "it still has the copy of an earlier test, so this test left it out; run test-clean-up first";
    const failure = { code: "leftovers", message };
    const nothing = { point: null, dataLoss: null, runningAtMs: null };
    execution.reports.set(item.id, { itemId: item.id, outcome: "skipped", failure, ...nothing });
  }
}

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
