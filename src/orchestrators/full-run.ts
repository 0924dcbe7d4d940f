import type { ItemReport, RunItem } from "../activities/contracts/execution.js";
import type { Durable } from "../durable/call.js";
import { tellByPolicy } from "./failures.js";
import { plannedFailover } from "./planned-failover.js";
import type { Run, Story } from "./run.js";
import { groupsOf, itemsToDo, type Told, tellItems } from "./stages.js";
import { COMMIT_STEP, REPROTECT_STEP } from "./step-ids.js";

/** Over, accepted, and protected the other way, in one execution: failover, validation, commit, reprotect. */
export const fullRun: Story = function* (run) {
  yield* plannedFailover(run);
  run.undo.forget(); // a commit is the point of no return
  yield* goOn(run, COMMIT_STEP, "commit-item");
  const reprotect = { ...run.plan.reprotect, waitForAgent: true };
  yield* goOn(run, REPROTECT_STEP, "reprotect-item", { reprotect });
};

/** The next story of every item that came through so far; a failure is followed as the plan's policy says. */
function* goOn(run: Run, stage: string, story: "commit-item" | "reprotect-item", told: Told = {}): Durable<void> {
  const through = itemsToDo(run).filter(({ id }) => run.reports.get(id)?.outcome === "succeeded");
  function* tell(name: string, items: readonly RunItem[], attempt: number): Durable<ItemReport[]> {
    const reports = yield* tellItems(run, name, story, items, () => ({ ...told, attempt }));
    return reports.map((report) => continued(run, report));
  }
  yield* run.step(stage, () => tellByPolicy(run, stage, through, groupsOf(run, through), tell));
}

/** The failover's findings stay in the report of what came after it. */
function continued(run: Run, report: ItemReport): ItemReport {
  const earlier = run.reports.get(report.itemId);
  if (earlier === undefined) return report;
  const { outcome, failure, replicated } = report;
  return { ...earlier, outcome, failure, ...(replicated === undefined ? {} : { replicated }) };
}
