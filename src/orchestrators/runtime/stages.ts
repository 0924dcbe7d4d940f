/**
 * Stages: parts of an execution that run one item workflow for many items, as a child orchestration.
 *
 * - G1 Groups start in order; the items of a group run concurrently. (test/orchestrators/planned-failover.test.ts)
 * - G2 After a failure the policy decides: go on, stop, undo, or ask a person. Failed items run again for as long as
 *   the answer is `retry`. (test/orchestrators/failure-policy.test.ts)
 * - G3 A retried item keeps its recovery point and gets a higher epoch. (test/orchestrators/failure-policy-stages.test.ts)
 */
import { RecoveryError } from "../../domain/errors.js";
import type { Failure } from "../../domain/execution.js";
import { afterGroup, strongest } from "../../domain/plans/failure-policy.js";
import type { RecoveryPointChoice } from "../../domain/recovery-points/recovery-point-choice.js";
import type { OnFailure } from "../../domain/vocabulary.js";
import { listed } from "../../domain/wording.js";
import type { Durable } from "../../durable/call.js";
import type { ExecutionGroup, ExecutionItem, ItemReport } from "../../executions/contracts.js";
import { groupStage, groupStepId, ITEMS_STEP, RESTORE_STEP, retryStage, UNDO_STEP } from "../../steps/plan-steps.js";
import { runActions } from "./actions.js";
import { awaitGroupApprovals, awaitStartApprovals, isGuarded } from "./approvals.js";
import { checkGroup } from "./check-prerequisites.js";
import type { ItemWorkflowName } from "./contracts.js";
import type { ExecutionContext } from "./execution-workflow.js";
import { endUnlessContinued, resolveFailure } from "./failures.js";
import { type ChosenPoints, chooseRecoveryPoints } from "./recovery-points.js";
import { failedItems, noOptions, type OptionsOf, runItems, stopIfCancelled } from "./run-items.js";
import type { AwaitSources } from "./shut-down-sources.js";
import { catchUpIfBehind, retriesOf } from "./steering.js";

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

/** How the groups of a failover start: what is done to their items, and from which points. */
interface GroupStart {
  workflow: ItemWorkflowName;
  choiceOf: () => RecoveryPointChoice;
  optionsOf: OptionsOf;
  /** The points that were chosen for the items of each group. */
  points: Map<string, ChosenPoints>;
}

/**
 * Starts the groups in order, the items of a group concurrently, with the actions before and after. A group that does
 * not become healthy ends the execution when the plan's policy says stop. A group waits for its sources with
 * `awaitSources`, where their shutdown is under way. Failed items of an earlier group that somebody asked to try again
 * have their turn after the last group at the latest.
 */
export function* startGroups(
  execution: ExecutionContext,
  workflow: ItemWorkflowName,
  choiceOf: () => RecoveryPointChoice,
  { optionsOf = noOptions, awaitSources }: { optionsOf?: OptionsOf; awaitSources?: AwaitSources | undefined } = {},
): Durable<void> {
  const start: GroupStart = { workflow, choiceOf, optionsOf, points: new Map() };
  const { steering } = execution;
  for (let at = 0; ; at += 1) {
    yield* catchUpIfBehind(execution);
    if (execution.plan.groups[at] !== undefined) yield* awaitStartApprovals(execution);
    const group = execution.plan.groups[at];
    if (group === undefined) break;
    steering.begun.add(group.id);
    if (awaitSources !== undefined) yield* awaitSources(group);
    if (!(yield* awaitGroupApprovals(execution, group))) continue;
    yield* runActions(execution, group.before, group.id);
    const unfit = at === 0 && !isGuarded(execution, group) ? [] : yield* checkGroup(execution, group);
    start.points.set(group.id, yield* chooseRecoveryPoints(execution, group, choiceOf()));
    const items = execution.itemsToBringUp(group);
    yield* execution.step(groupStepId(group.id), () => startGroup(execution, group, start, { items, unfit }));
    yield* runActions(execution, group.after, group.id);
    const progress = { groupId: group.id, reached: at + 1, of: execution.plan.groups.length };
    yield* execution.notifier.tell("progress", progress);
    yield* execution.approvers.sendDue();
  }
  if (awaitSources !== undefined && steering.takenOut.length > 0) yield* awaitSources({ items: steering.takenOut });
  yield* retryPassedOver(execution, start);
}

/** Failed items that somebody asked to try again, and whose group was over by then. */
function* retryPassedOver(execution: ExecutionContext, start: GroupStart): Durable<void> {
  yield* catchUpIfBehind(execution);
  for (const group of execution.plan.groups) {
    const items = retriesOf(execution, execution.itemsToBringUp(group));
    if (items === null) continue;
    const firstAttempt = execution.asks + 1; // above the number of any earlier attempt
    yield* execution.step(groupStepId(group.id), () =>
      startGroup(execution, group, start, { items, unfit: [], firstAttempt }),
    );
  }
}

function* startGroup(
  execution: ExecutionContext,
  group: ExecutionGroup,
  { workflow, choiceOf, optionsOf, points: chosen }: GroupStart,
  first: { items: readonly ExecutionItem[]; unfit: readonly ItemReport[]; firstAttempt?: number },
): Durable<void> {
  const { firstAttempt = 1 } = first;
  function* runStage(stage: string, items: readonly ExecutionItem[], attempt: number): Durable<ItemReport[]> {
    const again = { ...group, items: [...items] };
    const unfit = attempt === 1 ? first.unfit : yield* checkGroup(execution, again);
    const earlier = chosen.get(group.id) ?? new Map();
    const points = attempt === 1 ? earlier : yield* chooseMissing(execution, again, choiceOf(), earlier, attempt);
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
  const stage = groupStage(group.id);
  yield* runWithPolicy(execution, stage, first.items, [group], runStage, firstAttempt);
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
 * Throws when the policy, or a person, ends the execution. Failed items that somebody asked to try again run once more
 * before the policy decides.
 */
export function* runWithPolicy(
  execution: ExecutionContext,
  stage: string,
  items: readonly ExecutionItem[],
  groups: readonly ExecutionGroup[],
  runStage: RunStage,
  firstAttempt = 1,
): Durable<void> {
  let open = items;
  let name = firstAttempt === 1 ? stage : retryStage(execution.asks, stage);
  for (let attempt = firstAttempt; ; attempt += 1) {
    const reports = yield* runStage(name, open, attempt);
    for (const report of reports) execution.reports.set(report.itemId, report);
    stopIfCancelled(reports);
    yield* catchUpIfBehind(execution);
    const asked = retriesOf(execution, items);
    if (asked !== null) {
      open = asked;
      name = retryStage(execution.asks, stage);
      continue;
    }
    yield* execution.notifier.tellFailed(execution.reports.values());
    if (!items.some((item) => outcomeOf(execution, item) === "failed")) return;
    const what = whatFailed(execution, groups);
    const policy = strongest(groups.map((group) => policyAfter(execution, group)));
    const next = yield* resolveFailure(execution, policy, what);
    if (next !== "retry") return endUnlessContinued(execution, next, what);
    open = items.filter((item) => outcomeOf(execution, item) === "failed" && !isDecided(execution, item));
    for (const item of open) item.epoch += 1; // the failed attempt may have raised it
    name = retryStage(execution.asks, stage);
  }
}

/**
 * Starts the sources of items again that were shut down and whose failover never began, because they had no recovery
 * point or no place at the other site, or because an edit took them out. Otherwise they would be down at both sites.
 */
export function* restoreUnbegun(execution: ExecutionContext): Durable<void> {
  const { released, begun, reports } = execution;
  const takenOut = new Set(execution.steering.takenOut.map(({ id }) => id));
  const unbegun = execution.itemsToDo.filter(
    ({ id }) => released.has(id) && !begun.has(id) && (takenOut.has(id) || reports.get(id)?.outcome === "failed"),
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
      const text = `${failedItems(failed)}. Remove the cause, then run cancel-failover for these items`;
      throw new RecoveryError("undo-failed", text);
    }
  });
}

const RESTORED = "it is protected again, and its workload runs";

/**
 * Records what an undo came to: an item that is protected again was cancelled, one that is not failed. An item whose own
 * failure led to the undo keeps that failure, so that it is told of the machine that it happened to.
 */
export function noteUndone(execution: ExecutionContext, reports: readonly ItemReport[], what = RESTORED): void {
  for (const report of reports.filter((one) => !isAsTakenOut(execution, one))) {
    const earlier = execution.reports.get(report.itemId);
    const own = earlier?.outcome === "failed" ? earlier.failure : null;
    const failed = report.outcome !== "succeeded" || own !== null;
    const failure =
      own !== null && report.failure !== null ? notRestored(own, report.failure) : (report.failure ?? own);
    const note = report.outcome === "succeeded" && own !== null ? { note: what } : {};
    execution.reports.set(report.itemId, { ...report, outcome: failed ? "failed" : "cancelled", failure, ...note });
  }
}

/** An item that an edit took out, and whose source runs again, keeps the report that says so. */
const isAsTakenOut = ({ steering }: ExecutionContext, { itemId, outcome }: ItemReport): boolean =>
  outcome === "succeeded" && steering.takenOut.some(({ id }) => id === itemId);

const notRestored = (own: Failure, why: Failure): Failure => ({
  code: "undo-failed",
  message: `${own.message}; its source may be off: ${why.message}`.slice(0, 2_000),
});

const outcomeOf = (execution: ExecutionContext, { id }: ExecutionItem): ItemReport["outcome"] =>
  execution.reports.get(id)?.outcome ?? "skipped";

/** A person has decided to continue without the item, or to leave it behind. */
const isDecided = (execution: ExecutionContext, { id }: ExecutionItem): boolean =>
  execution.leftBehind.has(id) || execution.reports.get(id)?.failure?.code === "continued-without";

/** What was decided of an item is not decided again for its group. */
function policyAfter(execution: ExecutionContext, group: ExecutionGroup): OnFailure {
  const members = group.items.map((item) => ({
    ...item,
    outcome: isDecided(execution, item) ? ("not-applicable" as const) : outcomeOf(execution, item),
  }));
  return afterGroup(execution.plan.policy, group, members);
}

function whatFailed(execution: ExecutionContext, groups: readonly ExecutionGroup[]): string {
  const items = groups.flatMap((group) => group.items);
  const failed = items.filter((item) => outcomeOf(execution, item) === "failed").length;
  const names = groups.length === 1 ? `group ${groups[0]?.name}` : "the plan";
  return `${names} did not get through: ${failed} of ${items.length} items failed`;
}
