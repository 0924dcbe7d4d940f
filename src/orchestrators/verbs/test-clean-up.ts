import { RecoveryError } from "../../domain/errors.js";
import { leftoversInWords } from "../../domain/items/test-leftovers.js";
import type { Durable } from "../../durable/call.js";
import { failureOf } from "../../durable/refusal.js";
import type { ItemReport } from "../../executions/contracts.js";
import { ITEMS_STEP, REMOVE_COPIES_STEP, REMOVE_NETWORKS_STEP } from "../../steps/plan-steps.js";
import { withActions } from "../runtime/actions.js";
import type { ExecutionContext, ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { runItems } from "../runtime/run-items.js";
import { findLeftovers, removeTestNetworks, tellDoubtful } from "../runtime/test-networks.js";

/**
 * Removes what tests of the plan's items left, and verifies that nothing is there any more. It fails when no item came
 * clean; when some did, the others say what is left of them. When it is forced, what cannot be removed is given up: the
 * items are protected again, and show what is left.
 */
export const testCleanUp: ExecutionWorkflow = (execution) =>
  withActions(execution, "test-clean-up", function* () {
    const reports = yield* execution.step(REMOVE_COPIES_STEP, () => removeCopies(execution));
    try {
      yield* execution.step(REMOVE_NETWORKS_STEP, () => removeTestNetworks(execution));
    } catch {
      // The verification names what is still there.
    }
    try {
      yield* execution.step("verify-no-leftovers", () => verifyNoLeftovers(execution, reports));
    } catch (thrown) {
      if (failureOf(thrown).code !== "leftovers" || !someCameClean(execution)) throw thrown;
      execution.failedActions += 1; // it does not count as a success
    }
  });

/** A forced clean-up gives up what it cannot remove, so that every item comes clean. */
const someCameClean = ({ itemsToDo, reports }: ExecutionContext): boolean =>
  itemsToDo.some(({ id }) => reports.get(id)?.outcome === "succeeded");

const removeCopies = (execution: ExecutionContext): Durable<ItemReport[]> =>
  runItems(execution, ITEMS_STEP, "clean-up-item", execution.itemsToDo, (item) => ({
    testExecutionId: item.testExecutionId ?? execution.plan.executionId,
  }));

/** An item is clean when nothing of its tests is left, even if steps failed. Other items need another clean-up. */
function* verifyNoLeftovers(execution: ExecutionContext, reports: readonly ItemReport[]): Durable<void> {
  const { copies, networks, doubtful, unreadable } = yield* findLeftovers(execution);
  tellDoubtful(execution, doubtful);
  const left = leftoversInWords({ copies, networks });
  for (const report of reports) {
    const damage = unreadable.find(({ itemId }) => itemId === report.itemId);
    if (damage !== undefined) {
      const failure = report.failure ?? { code: "row-unreadable" as const, message: damage.why };
      execution.reports.set(report.itemId, { ...report, outcome: "failed", failure });
      continue;
    }
    const still = left.filter(({ itemIds }) => itemIds.includes(report.itemId)).map(({ what }) => what);
    execution.reports.set(report.itemId, verified(execution, report, still));
  }
  if (left.length > 0) throw new RecoveryError("leftovers", `${stillThere(left.map(({ what }) => what))}; ${WAYS_ON}`);
}

function verified({ plan: { force } }: ExecutionContext, report: ItemReport, still: readonly string[]): ItemReport {
  const looked = { ...report, leftovers: [...still] };
  if (still.length === 0) return { ...looked, outcome: "succeeded", failure: null };
  const why = report.failure === null ? "" : ` (${report.failure.message})`;
  if (force === null) {
    const message = `${stillThere(still)}${why}; ${WAYS_ON}`.slice(0, 2_000);
    return { ...looked, outcome: "failed", failure: { code: "leftovers", message } };
  }
  const note = `given up, because ${force.by} forced the clean-up (${force.reason}); ${stillThere(still)}${why}`;
  return { ...looked, outcome: "succeeded", failure: null, note: note.slice(0, 2_000) };
}

const WAYS_ON = "run test-clean-up again, or with the option force to give up what cannot be removed";

/** Long lists say how much they leave out. */
function stillThere(what: readonly string[]): string {
  const more = what.length > 20 ? ` and ${what.length - 20} more` : "";
  return `still there: ${what.slice(0, 20).join(", ")}${more}`;
}
