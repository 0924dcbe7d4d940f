import { RecoveryError } from "../../domain/errors.js";
import { asksAbout } from "../../domain/plans/failure-policy.js";
import { listed } from "../../domain/wording.js";
import type { Durable } from "../../durable/call.js";
import type { ExecutionItem, ItemReport } from "../../executions/contracts.js";
import { retryStage, SHUTDOWN_STEP, shutdownStage } from "../../steps/plan-steps.js";
import { runActions } from "./actions.js";
import type { ExecutionContext } from "./execution-workflow.js";
import { endUnlessContinued, resolveFailure } from "./failures.js";
import { runItems, stopIfCancelled } from "./stages.js";

/**
 * Shuts every source down and sends its last changes, in one stage before anything is promoted.
 *
 * When it `mustSucceed`, a source that stays on ends the execution. Otherwise that is noted, and the execution continues
 * and loses what the source had not sent. When the plan's policy says `ask`, a person decides. A skipped item is left
 * behind when it `mustSucceed`, since that promises that nothing is lost. Otherwise it loses its unsent data.
 */
export function* shutDownSources(
  execution: ExecutionContext,
  { mustSucceed }: { mustSucceed: boolean },
): Durable<void> {
  const { before, after } = execution.plan.shutdown;
  yield* runActions(execution, before, SHUTDOWN_STEP);
  yield* execution.step(SHUTDOWN_STEP, () => releaseWithPolicy(execution, mustSucceed));
  yield* runActions(execution, after, SHUTDOWN_STEP);
}

function* releaseWithPolicy(execution: ExecutionContext, mustSucceed: boolean): Durable<void> {
  let open = execution.itemsToDo.filter(isAtSource);
  let nameOf = (stage: string): string => stage;
  for (let attempt = 1; ; attempt += 1) {
    const reports = yield* releaseInOrder(execution, open, nameOf, attempt);
    const failed = reports.filter(({ outcome }) => outcome === "failed");
    if (failed.length === 0) return;
    open = open.filter(({ id }) => failed.some(({ itemId }) => itemId === id));
    const which = listed(failed.map(({ itemId, failure }) => `${itemId} (${failure?.message ?? "unknown"})`));
    const asks = execution.groupsOf(open).some((group) => asksAbout(execution.plan.policy, group, group.items));
    keepFailures(execution, failed, mustSucceed);
    if (mustSucceed && !asks) throw new RecoveryError("shutdown-failed", `not shut down and synchronised: ${which}`);
    const what = `not shut down and synchronised: ${which}; ${mustSucceed ? SKIP_LEAVES : SKIP_LOSES}`;
    const next = yield* resolveFailure(execution, asks ? "ask" : "continue", what);
    endUnlessContinued(execution, next, what);
    if (next !== "retry" && mustSucceed) return leaveBehind(execution, failed, which);
    if (next !== "retry") return execution.progress.note(SHUTDOWN_STEP, `continued without: ${which}`);
    const ask = execution.asks;
    nameOf = (stage) => retryStage(ask, stage);
  }
}

const SKIP_LOSES = "to continue without them loses what they have not sent";
const SKIP_LEAVES = "skipped items are not failed over, since what they have not sent would be lost";

/** Continues without some items. When no other item is left, the execution ends as under a policy without questions. */
function leaveBehind(execution: ExecutionContext, failed: readonly ItemReport[], which: string): void {
  for (const { itemId } of failed) execution.leftBehind.add(itemId);
  if (execution.itemsToDo.every(({ id }) => execution.leftBehind.has(id))) {
    throw new RecoveryError("shutdown-failed", `not shut down and synchronised, and no other item is left: ${which}`);
  }
  execution.progress.note(SHUTDOWN_STEP, `left behind: ${which}`);
}

/** The failure stays with its machine, whether the execution continues without it or is undone because of it. */
function keepFailures(execution: ExecutionContext, failed: readonly ItemReport[], mustSucceed: boolean): void {
  if (mustSucceed) for (const report of failed) execution.reports.set(report.itemId, report);
}

function* releaseInOrder(
  execution: ExecutionContext,
  items: readonly ExecutionItem[],
  nameOf: (stage: string) => string,
  attempt: number,
): Durable<ItemReport[]> {
  const together = [{ stage: SHUTDOWN_STEP, items }];
  const inReverse = execution
    .groupsOf(items)
    .toReversed()
    .map((group) => ({ stage: shutdownStage(group.id), items: group.items }));
  const reports: ItemReport[] = [];
  for (const { stage, items: some } of execution.plan.shutdown.order === "together" ? together : inReverse) {
    for (const { id } of some) execution.released.add(id); // also one whose release fails: it may be off
    const released = yield* runItems(execution, nameOf(stage), "release-source", some, () => ({ attempt }));
    stopIfCancelled(released);
    reports.push(...released);
  }
  return reports;
}

/** A replica that was promoted before is already fenced off from its source. */
const isAtSource = ({ promotedFrom }: ExecutionItem): boolean => promotedFrom === null;
