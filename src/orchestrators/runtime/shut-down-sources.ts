/**
 * The shutdown of the sources, before anything of theirs is promoted.
 *
 * - D1 A planned failover waits for every source. One that stays on ends the execution, or asks when the policy says
 *   `ask`. An item that is optional, or that a person continues without, is left behind instead, and its source is
 *   started again in the end. (test/orchestrators/left-behind.test.ts)
 * - D2 An unplanned failover continues without a source that stays on, and loses what it had not sent. A group waits for
 *   its own sources only, unless the plan has an order or actions for the shutdown of all.
 *   (test/orchestrators/hanging-sources.test.ts)
 * - D3 Nothing is undone and nothing ends while a shutdown is under way. (the same)
 * - D4 A planned failover that a person switches to unplanned goes on like one.
 *   (test/orchestrators/switch-to-unplanned.test.ts)
 */
import { RecoveryError } from "../../domain/errors.js";
import { shutsDownByGroup } from "../../domain/plans/failover-type.js";
import { asksAbout } from "../../domain/plans/failure-policy.js";
import { beginInParallel, callSub, type Durable, inParallel } from "../../durable/call.js";
import { failureOf } from "../../durable/refusal.js";
import type { ExecutionGroup, ExecutionItem, ItemReport } from "../../executions/contracts.js";
import { retryStage, SHUTDOWN_STEP, shutdownStage } from "../../steps/plan-steps.js";
import { runActions } from "./actions.js";
import { itemBatch } from "./contracts.js";
import type { ExecutionContext } from "./execution-workflow.js";
import { endUnlessContinued, resolveFailure } from "./failures.js";
import { failedItems, reportsIn, stageOf, stopIfCancelled } from "./run-items.js";
import { catchUpIfBehind } from "./steering.js";

/** Waits until the sources of some items are released or given up. */
export type AwaitSources = (group: Pick<ExecutionGroup, "items">) => Durable<void>;

/** Releases the sources of some items, and returns how that went. `attempt` counts from 1. */
type Release = (items: readonly ExecutionItem[], attempt: number) => Durable<ItemReport[]>;

/** Shuts every source down and sends its last changes, in one stage before anything is promoted. */
export function* shutDownSources(
  execution: ExecutionContext,
  { mustSucceed }: { mustSucceed: boolean },
): Durable<void> {
  const { before, after } = execution.plan.shutdown;
  yield* runActions(execution, before, SHUTDOWN_STEP);
  yield* execution.step(SHUTDOWN_STEP, function* () {
    const without = yield* releaseWithPolicy(execution, atSource(execution), mustSucceed, releaseInOrder(execution));
    yield* catchUpIfBehind(execution); // a person may have answered a question by a switch to unplanned
    continueWithout(execution, without, mustSucceed && !isSwitched(execution));
  });
  yield* runActions(execution, after, SHUTDOWN_STEP);
}

/** Begins to shut down the sources of an unplanned failover, and returns how to wait for those of a group. */
export function* beginShutdown(execution: ExecutionContext): Durable<AwaitSources | undefined> {
  const { before, after, order } = execution.plan.shutdown;
  const groups = execution.groupsOf(atSource(execution));
  if (order !== "together" || after.length > 0 || groups.length === 0) {
    return void (yield* shutDownSources(execution, { mustSucceed: false }));
  }
  yield* runActions(execution, before, SHUTDOWN_STEP);
  execution.progress.begin(SHUTDOWN_STEP);
  const open = yield* beginStages(execution, groups);
  const without: ItemReport[] = [];
  let ending: Ending = { status: "cancelled" };
  execution.undo.register(SHUTDOWN_STEP, () => awaitRest(execution, open, ending), { evenWhenKept: true });
  return function* ({ items }) {
    const ids = new Set(items.map((item) => item.id)); // an edit may have moved them from group to group
    for (const group of groups.filter((one) => open.has(one.id) && one.items.some((item) => ids.has(item.id)))) {
      try {
        without.push(...(yield* awaitStage(execution, open, group)));
        continueWithout(execution, without, false);
        if (open.size === 0) execution.progress.end(SHUTDOWN_STEP, "succeeded");
      } catch (thrown) {
        ending = endingOf(thrown);
        if (open.size === 0) execution.progress.end(SHUTDOWN_STEP, "failed", ending.note);
        throw thrown;
      }
    }
  };
}

/** Waits for the shutdown of a group that is under way. Returns the reports of the items to continue without. */
function awaitStage(execution: ExecutionContext, open: OpenStages, group: ExecutionGroup): Durable<ItemReport[]> {
  const first = open.get(group.id);
  open.delete(group.id);
  const releaseAgain = releaseInOrder(execution);
  const release: Release = (some, attempt) =>
    attempt === 1 && first !== undefined ? first() : releaseAgain(some, attempt);
  return releaseWithPolicy(execution, group.items, false, release);
}

/** How the step ends. */
interface Ending {
  status: "cancelled" | "failed";
  note?: string;
}

function endingOf(thrown: unknown): Ending {
  const { code, message } = failureOf(thrown);
  return { status: code === "cancelled" ? "cancelled" : "failed", note: `[${code}] ${message}` };
}

type OpenStages = Map<string, () => Durable<ItemReport[]>>;

function* beginStages(execution: ExecutionContext, groups: readonly ExecutionGroup[]): Durable<OpenStages> {
  const children = groups.map(({ id, items }) =>
    stageOf(execution, shutdownStage(id), "release-source", items, () => ({ attempt: 1 })),
  );
  const waits = yield* beginInParallel(execution.context, itemBatch, children);
  return new Map(
    waits.map((wait, at) => [
      groups[at]?.id ?? "",
      function* () {
        return reportsIn(execution, yield* wait());
      },
    ]),
  );
}

/**
 * Waits for the shutdowns that no group has waited for, before anything is undone. The step ends with them, so that its
 * answer shows what it waits for.
 */
function* awaitRest(execution: ExecutionContext, open: OpenStages, { status, note }: Ending): Durable<void> {
  if (open.size === 0) return;
  for (const wait of open.values()) yield* wait();
  execution.progress.end(SHUTDOWN_STEP, status, note);
}

/** Releases sources until all are, or the policy continues without the rest. Returns the reports of the rest. */
function* releaseWithPolicy(
  execution: ExecutionContext,
  items: readonly ExecutionItem[],
  mustSucceed: boolean,
  release: Release,
): Durable<ItemReport[]> {
  const without: ItemReport[] = [];
  let open = items;
  for (let attempt = 1; ; attempt += 1) {
    const reports = yield* release(open, attempt);
    stopIfCancelled(reports);
    yield* catchUpIfBehind(execution);
    const must = mustSucceed && !isSwitched(execution);
    const failed = reports.filter(({ outcome }) => outcome === "failed");
    const critical = undecided(open, failed).filter(({ criticality }) => criticality === "critical");
    const asks = execution.groupsOf(critical).some((group) => asksAbout(execution.plan.policy, group, group.items));
    if (critical.length === 0 || !(must || asks)) return [...without, ...failed];
    if (must) keepFailures(execution, failed);
    const which = failedItems(failed);
    const what = `not shut down and synchronised: ${which}`;
    if (!asks) throw new RecoveryError("shutdown-failed", what);
    if (!(yield* isRetried(execution, `${what}; ${must ? SKIP_LEAVES : SKIP_LOSES}`))) return [...without, ...failed];
    without.push(...failed.filter(isDecided));
    open = undecided(open, failed);
  }
}

/** The failure stays with its machine, whether the execution continues without it or is undone because of it. */
function keepFailures({ reports }: ExecutionContext, failed: readonly ItemReport[]): void {
  for (const report of failed) reports.set(report.itemId, report);
}

/** Asks a person: whether to try again, or else to continue. Ends the execution when the answer says so. */
function* isRetried(execution: ExecutionContext, what: string): Durable<boolean> {
  const next = yield* resolveFailure(execution, "ask", what);
  endUnlessContinued(execution, next, what);
  return next === "retry";
}

const SKIP_LOSES = "to continue without them loses what they have not sent";
const SKIP_LEAVES = "skipped items are not failed over, since what they have not sent would be lost";

/** The items that failed, and that nobody decided to continue without. */
const undecided = (items: readonly ExecutionItem[], failed: readonly ItemReport[]): ExecutionItem[] =>
  items.filter(({ id }) => failed.some((report) => report.itemId === id && !isDecided(report)));

/** A person decided to continue without the item, or without its shutdown. */
const isDecided = ({ failure }: ItemReport): boolean =>
  failure?.code === "continued-without" || failure?.code === "skipped";

/** A person gave up on a shutdown that must succeed. */
const isSwitched = ({ steering }: ExecutionContext): boolean => steering.switched !== undefined;

function continueWithout(execution: ExecutionContext, without: readonly ItemReport[], mustSucceed: boolean): void {
  if (without.length === 0) return;
  if (mustSucceed) leaveBehind(execution, without);
  else execution.progress.note(SHUTDOWN_STEP, `continued without: ${failedItems(without)}`);
}

/** Leaves items behind. When no other item is left, the execution ends as under a policy without questions. */
function leaveBehind(execution: ExecutionContext, without: readonly ItemReport[]): void {
  for (const report of without) {
    execution.reports.set(report.itemId, report);
    execution.leftBehind.add(report.itemId);
  }
  const which = failedItems(without);
  if (execution.itemsToDo.every(({ id }) => execution.leftBehind.has(id))) {
    throw new RecoveryError("shutdown-failed", `not shut down and synchronised, and no other item is left: ${which}`);
  }
  execution.progress.note(SHUTDOWN_STEP, `left behind: ${which}`);
}

/** Releases sources in the plan's order; a retry under the name of the question that it answers. */
const releaseInOrder = (execution: ExecutionContext): Release =>
  function* (items, attempt) {
    const { plan, asks, context } = execution;
    const groups = execution.groupsOf(items).map(({ id, items: some }) => ({ stage: shutdownStage(id), some }));
    const stages = shutsDownByGroup(plan) ? groups.toReversed() : [{ stage: SHUTDOWN_STEP, some: items }];
    const children = stages.map(({ stage, some }) => {
      const name = attempt === 1 ? stage : retryStage(asks, stage);
      return stageOf(execution, name, "release-source", some, () => ({ attempt }));
    });
    if (plan.shutdown.order === "together") {
      return (yield* inParallel(context, itemBatch, children)).flatMap((answer) => reportsIn(execution, answer));
    }
    const all: ItemReport[] = [];
    for (const child of children) {
      const reports = reportsIn(execution, yield* callSub(context, itemBatch, child));
      stopIfCancelled(reports);
      all.push(...reports);
    }
    return all;
  };

/** Not those that an edit took out before: their sources go on running. */
const atSource = ({ itemsToDo, steering }: ExecutionContext): ExecutionItem[] =>
  itemsToDo.filter((item) => isAtSource(item) && !steering.takenOut.some(({ id }) => id === item.id));

/** A replica that was promoted before is already fenced off from its source. */
const isAtSource = ({ promotedFrom }: ExecutionItem): boolean => promotedFrom === null;
