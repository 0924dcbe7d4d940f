import type { Durable } from "../../durable/call.js";
import type { ExecutionItem, ItemReport } from "../../executions/contracts.js";
import { COMMIT_STEP, REPROTECT_STEP } from "../../steps/plan-steps.js";
import type { ExecutionContext, ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { type ItemOptions, runItems } from "../runtime/run-items.js";
import { runWithPolicy } from "../runtime/stages.js";
import { plannedFailover } from "./planned-failover.js";

/** Failover, validation, commit and reprotect in one execution. */
export const fullRun: ExecutionWorkflow = function* (execution) {
  yield* plannedFailover(execution);
  execution.undo.forget(); // a commit is the point of no return
  yield* runNext(execution, COMMIT_STEP, "commit-item");
  const reprotect = { ...execution.plan.reprotect, waitForAgent: true };
  yield* runNext(execution, REPROTECT_STEP, "reprotect-item", { reprotect });
};

/** Runs the next workflow for every item that succeeded so far. The plan's policy decides about a failure. */
function* runNext(
  execution: ExecutionContext,
  stage: string,
  workflow: "commit-item" | "reprotect-item",
  options: ItemOptions = {},
): Durable<void> {
  const through = execution.itemsToDo.filter(({ id }) => execution.reports.get(id)?.outcome === "succeeded");
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
