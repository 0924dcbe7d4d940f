/**
 * Stages: parts of an execution that run one item workflow for many items, as a child orchestration.
 *
 * - G1 Groups start in order; the items of a group run concurrently. (test/orchestrators/planned-failover.test.ts)
 * - G2 After a failure the policy decides: go on, stop, undo, or ask a person. Failed items run again for as long as
 *   the answer is `retry`. (test/orchestrators/failure-policy.test.ts)
 * - G3 A retried item keeps its recovery point and gets a higher epoch. (test/orchestrators/failure-policy-stages.test.ts)
 */
import { RecoveryError } from "../../domain/errors.js";
import { afterGroup, strongest } from "../../domain/plans/failure-policy.js";
import type { RecoveryPointChoice } from "../../domain/recovery-points/recovery-point-choice.js";
import type { OnFailure } from "../../domain/vocabulary.js";
import { listed } from "../../domain/wording.js";
import { callSub, type Durable } from "../../durable/call.js";
import type { ExecutionGroup, ExecutionItem, ItemReport } from "../../executions/contracts.js";
import { groupStage, groupStepId, ITEMS_STEP, RESTORE_STEP, retryStage, UNDO_STEP } from "../../steps/plan-steps.js";
import { runActions } from "./actions.js";
import { checkGroup } from "./check-prerequisites.js";
import { type ItemTaskInput, type ItemWorkflowName, itemBatch } from "./contracts.js";
import type { ExecutionContext } from "./execution-workflow.js";
import { endUnlessContinued, resolveFailure } from "./failures.js";
import { stageInstanceId } from "./instance-ids.js";
import { notify } from "./notify.js";
import { type ChosenPoints, chooseRecoveryPoints } from "./recovery-points.js";

/** What an item workflow is given in addition to the item. */
export type ItemOptions = Partial<Omit<ItemTaskInput, "itemId" | "scenario" | "direction" | "epoch">>;
type OptionsOf = (item: ExecutionItem) => ItemOptions;
const noOptions: OptionsOf = () => ({});

/** Runs one workflow for many items concurrently, and returns their reports. */
export function* runItems(
  execution: ExecutionContext,
  stage: string,
  workflow: ItemWorkflowName,
  items: readonly ExecutionItem[],
  optionsOf = noOptions,
): Durable<ItemReport[]> {
  if (items.length === 0) return [];
  execution.touched = true;
  const tasks = items.map((item) => {
    const { id: itemId, scenario, direction, epoch, testExecutionId } = item;
    return { itemId, scenario, direction, epoch, testExecutionId, ...optionsOf(item) };
  });
  const { stepLimitMs, verb, executionId } = execution.plan;
  const input = { ...execution.ids, verb, stepLimitMs, stage, slice: 0, workflow, items: tasks };
  const child = { id: stageInstanceId(executionId, stage), input };
  return (yield* callSub(execution.context, itemBatch, child)).reports;
}

/** Runs one workflow for all items without an order, as the only stage of the execution. */
export function* runAllItems(
  execution: ExecutionContext,
  workflow: ItemWorkflowName,
  items: readonly ExecutionItem[] = execution.itemsToDo,
  optionsOf = noOptions,
): Durable<void> {
  yield* execution.step(ITEMS_STEP, function* () {
    noteNotApplicable(execution);
    yield* runWithPolicy(execution, ITEMS_STEP, items, execution.groupsOf(items), (stage, some, attempt) =>
      runItems(execution, stage, workflow, some, (item) => ({ ...optionsOf(item), attempt })),
    );
  });
}

/** Notes the items that the verb does not apply to, and why. */
function noteNotApplicable(execution: ExecutionContext): void {
  const some = execution.items.flatMap(({ id, notApplicable }) =>
    notApplicable === null ? [] : [`${id}: ${notApplicable}`],
  );
  if (some.length > 0) execution.progress.note(ITEMS_STEP, `not applicable to ${listed(some)}`);
}

/**
 * Starts the groups in order, the items of a group concurrently, with the actions before and after. A group that does
 * not become healthy ends the execution when the plan's policy says stop.
 */
export function* startGroups(
  execution: ExecutionContext,
  workflow: ItemWorkflowName,
  choice: RecoveryPointChoice,
  optionsOf = noOptions,
): Durable<void> {
  const { groups } = execution.plan;
  for (const [at, group] of groups.entries()) {
    yield* runActions(execution, group.before, group.id);
    const unfit = at === 0 ? [] : yield* checkGroup(execution, group);
    const points = yield* chooseRecoveryPoints(execution, group, choice);
    yield* execution.step(groupStepId(group.id), () =>
      startGroup(execution, group, workflow, { points, unfit }, choice, optionsOf),
    );
    yield* runActions(execution, group.after, group.id);
    const progress = { groupId: group.id, reached: at + 1, of: groups.length };
    yield* notify(execution.context, execution.plan, "progress", progress);
  }
}

function* startGroup(
  execution: ExecutionContext,
  group: ExecutionGroup,
  workflow: ItemWorkflowName,
  first: { points: ChosenPoints; unfit: readonly ItemReport[] },
  choice: RecoveryPointChoice,
  optionsOf: OptionsOf,
): Durable<void> {
  function* runStage(stage: string, items: readonly ExecutionItem[], attempt: number): Durable<ItemReport[]> {
    const again = { ...group, items: [...items] };
    const unfit = attempt === 1 ? first.unfit : yield* checkGroup(execution, again);
    const points = attempt === 1 ? first.points : yield* chooseMissing(execution, again, choice, first.points, attempt);
    const ready = items.filter(({ id }) => points.get(id)?.point && !unfit.some(({ itemId }) => itemId === id));
    for (const { id } of ready) execution.begun.add(id);
    const reports = yield* runItems(execution, stage, workflow, ready, (item) => ({
      ...optionsOf(item),
      pointId: points.get(item.id)?.point?.id,
      attempt,
      probes: item.probes,
    }));
    return [...unfit, ...reports];
  }
  yield* runWithPolicy(execution, groupStage(group.id), execution.itemsToBringUp(group), [group], runStage);
}

/** On a retry an item keeps the point it had; a point is chosen again for one that had none. */
function* chooseMissing(
  execution: ExecutionContext,
  group: ExecutionGroup,
  choice: RecoveryPointChoice,
  first: ChosenPoints,
  attempt: number,
): Durable<ChosenPoints> {
  const without = group.items.filter(({ id }) => !first.get(id)?.point);
  const chosen = yield* chooseRecoveryPoints(execution, { ...group, items: without }, choice, attempt);
  return new Map([...first, ...chosen]);
}

/** Runs a stage under a name, for some items. `attempt` counts from 1. */
type RunStage = (stage: string, items: readonly ExecutionItem[], attempt: number) => Durable<ItemReport[]>;

/**
 * Runs a stage and follows the policy of its groups: failed items run again as long as the answer is `retry`.
 * Throws when the policy, or a person, ends the execution.
 */
export function* runWithPolicy(
  execution: ExecutionContext,
  stage: string,
  items: readonly ExecutionItem[],
  groups: readonly ExecutionGroup[],
  runStage: RunStage,
): Durable<void> {
  let open = items;
  let name = stage;
  for (let attempt = 1; ; attempt += 1) {
    const reports = yield* runStage(name, open, attempt);
    for (const report of reports) execution.reports.set(report.itemId, report);
    stopIfCancelled(reports);
    if (!items.some((item) => outcomeOf(execution, item) === "failed")) return;
    const what = whatFailed(execution, groups);
    const policy = strongest(groups.map((group) => policyAfter(execution, group)));
    const next = yield* resolveFailure(execution, policy, what);
    if (next !== "retry") return endUnlessContinued(execution, next, what);
    open = items.filter(({ id }) => execution.reports.get(id)?.outcome === "failed");
    for (const item of open) item.epoch += 1; // the failed attempt may have raised it
    name = retryStage(execution.asks, stage);
  }
}

/**
 * Starts the sources of items again that were shut down and whose failover never began, because they had no recovery
 * point or no place at the other site. Otherwise they would be down at both sites.
 */
export function* restoreUnbegun(execution: ExecutionContext): Durable<void> {
  const { released, begun, reports } = execution;
  const unbegun = execution.itemsToDo.filter(
    ({ id }) => released.has(id) && !begun.has(id) && reports.get(id)?.outcome === "failed",
  );
  if (unbegun.length === 0) return;
  yield* execution.step(RESTORE_STEP, function* () {
    noteUndone(execution, yield* runItems(execution, RESTORE_STEP, "restore-item", unbegun));
  });
}

/** Takes every item back to protection when the execution is undone. */
export function undoByRestoring(execution: ExecutionContext): void {
  execution.undo.register("restore-items", function* () {
    if (!execution.touched) return;
    const reports = yield* execution.step(UNDO_STEP, () =>
      runItems(execution, UNDO_STEP, "restore-item", execution.itemsToDo),
    );
    const failed = reports.filter(({ outcome }) => outcome !== "succeeded");
    noteUndone(execution, reports);
    if (failed.length > 0) {
      const which = listed(failed.map(({ itemId, failure }) => `${itemId} (${failure?.message ?? "unknown"})`));
      throw new RecoveryError("undo-failed", which);
    }
  });
}

const RESTORED = "it is protected again, and its workload runs";

/**
 * Records what an undo came to: an item that is protected again was cancelled, one that is not failed. An item whose own
 * failure led to the undo keeps that failure, so that it is told of the machine that it happened to.
 */
export function noteUndone(execution: ExecutionContext, reports: readonly ItemReport[]): void {
  for (const report of reports) {
    const earlier = execution.reports.get(report.itemId);
    const own = earlier?.outcome === "failed" ? earlier.failure : null;
    const failed = report.outcome !== "succeeded" || own !== null;
    const failure = report.failure ?? own;
    const note = report.outcome === "succeeded" && own !== null ? { note: RESTORED } : {};
    execution.reports.set(report.itemId, { ...report, outcome: failed ? "failed" : "cancelled", failure, ...note });
  }
}

/** Ends the execution when a step of an item was refused because of a cancel. */
export function stopIfCancelled(reports: readonly ItemReport[]): void {
  const met = reports.find(({ outcome }) => outcome === "cancelled");
  if (met) throw new RecoveryError("cancelled", "cancelled while its items were under way");
}

const outcomeOf = (execution: ExecutionContext, { id }: ExecutionItem): ItemReport["outcome"] =>
  execution.reports.get(id)?.outcome ?? "skipped";

function policyAfter(execution: ExecutionContext, group: ExecutionGroup): OnFailure {
  const members = group.items.map((item) => ({ ...item, outcome: outcomeOf(execution, item) }));
  return afterGroup(execution.plan.policy, group, members);
}

function whatFailed(execution: ExecutionContext, groups: readonly ExecutionGroup[]): string {
  const items = groups.flatMap((group) => group.items);
  const failed = items.filter((item) => outcomeOf(execution, item) === "failed").length;
  const names = groups.length === 1 ? `group ${groups[0]?.name}` : "the plan";
  return `${names} did not get through: ${failed} of ${items.length} items failed`;
}
