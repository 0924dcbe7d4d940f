import { RecoveryError } from "../../domain/errors.js";
import type { Durable } from "../../durable/call.js";
import type { ExecutionItem, ItemReport } from "../../executions/contracts.js";
import { COMMIT_STEP, REPROTECT_STEP } from "../../steps/plan-steps.js";
import { withActions } from "../runtime/actions.js";
import { awaitApprovals } from "../runtime/approvals.js";
import { checkWayHome } from "../runtime/check-prerequisites.js";
import type { ExecutionContext, ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { type ItemOptions, runItems } from "../runtime/run-items.js";
import { runWithPolicy } from "../runtime/stages.js";
import { plannedFailover } from "./planned-failover.js";

/** Failover, validation, commit and reprotect in one execution. */
export const fullRun: ExecutionWorkflow = function* (execution) {
  yield* plannedFailover(execution);
  yield* awaitApprovals(execution, { kind: "commit" }, () => recovered(execution));
  yield* requireWayHome(execution);
  execution.undo.forget(); // a commit is the point of no return
  yield* withActions(execution, "commit", () => runNext(execution, COMMIT_STEP, "commit-item"));
  const reprotect = { ...execution.plan.reprotect, waitForAgent: true };
  yield* withActions(execution, "reprotect", () => runNext(execution, REPROTECT_STEP, "reprotect-item", { reprotect }));
};

/**
 * Ends the execution before its commit when an item could not be reprotected: a commit is final. The machines stay where
 * they run, since to undo their failover would lose what they have written since.
 */
function* requireWayHome(execution: ExecutionContext): Durable<void> {
  const unfit = yield* checkWayHome(execution, recovered(execution));
  for (const { itemId, failure } of unfit) {
    const report = execution.reports.get(itemId);
    if (report !== undefined) execution.reports.set(itemId, { ...report, outcome: "failed", failure });
  }
  if (unfit.length === 0) return;
  execution.undo.keep();
  const which = unfit.map(({ itemId, failure }) => `${itemId}: ${failure?.message}`).join("; ");
  throw new RecoveryError("prerequisites-failed", `not committed, because the way home is missing: ${which}`);
}

const recovered = (execution: ExecutionContext): ExecutionItem[] =>
  execution.itemsToDo.filter(({ id }) => execution.reports.get(id)?.outcome === "succeeded");

/** Runs the next workflow for every item that succeeded so far. The plan's policy decides about a failure. */
function* runNext(
  execution: ExecutionContext,
  stage: string,
  workflow: "commit-item" | "reprotect-item",
  options: ItemOptions = {},
): Durable<void> {
  const through = recovered(execution);
  function* runStage(name: string, items: readonly ExecutionItem[], attempt: number): Durable<ItemReport[]> {
    const reports = yield* runItems(execution, name, workflow, items, () => ({ ...options, attempt }));
    return reports.map((report) => continued(execution, report));
  }
  yield* execution.step(stage, () => runWithPolicy(execution, stage, through, execution.groupsOf(through), runStage));
}

/** A later report keeps the findings of the failover. */
function continued(execution: ExecutionContext, report: ItemReport): ItemReport {
  const earlier = execution.reports.get(report.itemId);
  if (earlier === undefined) return report;
  const { outcome, failure, replicated } = report;
  return { ...earlier, outcome, failure, ...(replicated === undefined ? {} : { replicated }) };
}
