import type { Durable } from "../../durable/call.js";
import {
  checkPrerequisites as contract,
  type ExecutionGroup,
  type ExecutionItem,
  type ItemReport,
} from "../../executions/contracts.js";
import { groupCheckStepId, PREREQUISITES_STEP, WAY_HOME_STEP } from "../../steps/plan-steps.js";
import type { ExecutionContext } from "./execution-workflow.js";
import { actAsSteered } from "./steering.js";

/**
 * Looks before the first effect. Ends the execution when it cannot start any more, and leaves the items out that cannot
 * go and without which the others go on.
 */
export function* checkPrerequisites(execution: ExecutionContext): Durable<void> {
  const reports = yield* check(execution, PREREQUISITES_STEP, "start", () => stillIn(execution));
  for (const report of reports) {
    execution.reports.set(report.itemId, { ...report, outcome: "left-out" });
    execution.leftOut.add(report.itemId);
  }
}

/** Without those that an edit has taken out. */
const stillIn = ({ itemsToDo, steering }: ExecutionContext): ExecutionItem[] =>
  itemsToDo.filter((item) => !steering.takenOut.some(({ id }) => id === item.id));

/** Looks again before a group, because time has passed. Returns the reports of the items that cannot go any more. */
export function* checkGroup(execution: ExecutionContext, group: ExecutionGroup): Durable<ItemReport[]> {
  const items = execution.itemsToBringUp(group);
  return items.length === 0 ? [] : yield* check(execution, groupCheckStepId(group.id), "group", () => items);
}

/** The reports of items that have no way home, before a full run commits them. */
export const checkWayHome = (execution: ExecutionContext, items: readonly ExecutionItem[]): Durable<ItemReport[]> =>
  check(execution, WAY_HOME_STEP, "home", () => items);

function* check(
  execution: ExecutionContext,
  stepId: string,
  phase: "start" | "group" | "home",
  items: () => readonly ExecutionItem[],
): Durable<ItemReport[]> {
  const input = () => ({ ...execution.ids, itemIds: items().map(({ id }) => id), phase });
  return yield* execution.step(stepId, function* () {
    const { found, unfit } = yield* actAsSteered(execution, contract, input);
    execution.progress.note(stepId, found);
    return unfit.map(({ itemId, failure }): ItemReport => {
      return { itemId, outcome: "failed", failure, point: null, dataLoss: null, runningAtMs: null };
    });
  });
}
