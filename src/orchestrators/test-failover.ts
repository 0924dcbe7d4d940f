import { RecoveryError } from "../domain/errors.js";
import { checkPrerequisites } from "./check-prerequisites.js";
import type { Run, Story } from "./run.js";
import { itemsToDo, tellItems, undoneAs } from "./stages.js";
import { startGroups } from "./start-groups.js";
import { UNDO_STEP } from "./step-ids.js";
import { prepareTestNetworks } from "./test-network.js";

/** Starts copies of the plan's items on an isolated network; they stay until a test clean-up. */
export const testFailover: Story = function* (run) {
  yield* checkPrerequisites(run);
  const networks = yield* prepareTestNetworks(run);
  undoByRemovingCopies(run);
  yield* startGroups(run, "test-item", run.plan.recoveryPoint, ({ targetSiteId }) => ({
    networkId: networks.get(targetSiteId),
  }));
};

function undoByRemovingCopies(run: Run): void {
  const testExecutionId = run.plan.executionId;
  run.undo.register("remove-test-copies", function* () {
    if (!run.touched) return;
    const reports = yield* run.step(UNDO_STEP, () =>
      tellItems(run, UNDO_STEP, "revert-test-item", itemsToDo(run), () => ({ testExecutionId })),
    );
    for (const report of reports) run.reports.set(report.itemId, { ...report, outcome: undoneAs(report) });
    const left = reports.filter(({ outcome }) => outcome !== "succeeded").map(({ itemId }) => itemId);
    if (left.length > 0) throw new RecoveryError("undo-failed", `test copies left of ${left.join(", ")}`);
  });
}
