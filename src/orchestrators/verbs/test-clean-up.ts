import { RecoveryError } from "../../domain/errors.js";
import type { Durable } from "../../durable/call.js";
import type { ItemReport } from "../../executions/contracts.js";
import { ITEMS_STEP, REMOVE_COPIES_STEP, REMOVE_NETWORKS_STEP } from "../../steps/plan-steps.js";
import type { ExecutionContext, ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { runItems } from "../runtime/run-items.js";
import { findLeftovers, removeTestNetworks } from "../runtime/test-networks.js";

/** Removes what tests of the plan's items left, and verifies that nothing is there any more. */
export const testCleanUp: ExecutionWorkflow = function* (execution) {
  const reports = yield* execution.step(REMOVE_COPIES_STEP, () => removeCopies(execution));
  try {
    yield* execution.step(REMOVE_NETWORKS_STEP, () => removeTestNetworks(execution));
  } catch {
    // The verification names what is still there.
  }
  yield* execution.step("verify-no-leftovers", () => verifyNoLeftovers(execution, reports));
};

const removeCopies = (execution: ExecutionContext): Durable<ItemReport[]> =>
  runItems(execution, ITEMS_STEP, "clean-up-item", execution.itemsToDo, (item) => ({
    testExecutionId: item.testExecutionId ?? execution.plan.executionId,
  }));

/** An item is clean when nothing of its tests is left, even if steps failed. Other items need another clean-up. */
function* verifyNoLeftovers(execution: ExecutionContext, reports: readonly ItemReport[]): Durable<void> {
  const { copies, networks } = yield* findLeftovers(execution);
  const left = [
    ...copies.map(({ itemId, name }) => ({ what: name, itemIds: [itemId] })),
    ...networks.map(({ networkId, itemIds }) => ({ what: networkId, itemIds })),
  ];
  for (const report of reports) {
    const still = left.filter(({ itemIds }) => itemIds.includes(report.itemId)).map(({ what }) => what);
    const failure = report.failure ?? { code: "leftovers" as const, message: stillThere(still) };
    const verified =
      still.length === 0 ? { outcome: "succeeded" as const, failure: null } : { outcome: "failed" as const, failure };
    execution.reports.set(report.itemId, { ...report, ...verified });
  }
  if (left.length > 0) throw new RecoveryError("leftovers", stillThere(left.map(({ what }) => what)));
}

const stillThere = (what: readonly string[]): string => `still there: ${what.slice(0, 20).join(", ")}`;
