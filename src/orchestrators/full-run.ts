import type { ItemReport } from "../activities/contracts/execution.js";
import type { Durable } from "../durable/call.js";
import { failback } from "./failback.js";
import { plannedFailover } from "./planned-failover.js";
import type { Run, Story } from "./run.js";
import { itemsToDo, type Told, tellItems } from "./stages.js";
import { COMMIT_STEP, REPROTECT_STEP } from "./step-ids.js";
import { stopIfCancelled } from "./stop-if-cancelled.js";

/** There, accepted, and protected the other way, in one execution: failover, validation, commit, reprotect. */
export const fullRun: Story = function* (run) {
  const goesHome = itemsToDo(run).some(({ direction }) => direction === "recovery-to-primary");
  yield* goesHome ? failback(run) : plannedFailover(run);
  run.undo.forget(); // a commit is the point of no return
  yield* goOn(run, COMMIT_STEP, "commit-item");
  const reprotect = { ...run.plan.reprotect, waitForAgent: true };
  yield* goOn(run, REPROTECT_STEP, "reprotect-item", { reprotect });
};

/** The next story of every item that came through so far; one that fails says so in its report. */
function* goOn(run: Run, stage: string, story: "commit-item" | "reprotect-item", told: Told = {}): Durable<void> {
  const through = itemsToDo(run).filter(({ id }) => run.reports.get(id)?.outcome === "succeeded");
  yield* run.step(stage, function* () {
    const reports = yield* tellItems(run, stage, story, through, () => told);
    for (const report of reports) run.reports.set(report.itemId, continued(run, report));
    stopIfCancelled(reports);
  });
}

/** The failover's findings stay in the report of what came after it. */
function continued(run: Run, report: ItemReport): ItemReport {
  const earlier = run.reports.get(report.itemId);
  if (earlier === undefined) return report;
  const { outcome, failure, replicated } = report;
  return { ...earlier, outcome, failure, ...(replicated === undefined ? {} : { replicated }) };
}
