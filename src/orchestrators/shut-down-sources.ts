import type { ItemReport, RunItem } from "../activities/contracts/execution.js";
import { RecoveryError } from "../domain/errors.js";
import { asksAbout } from "../domain/plans/failure-policy.js";
import type { Durable } from "../durable/call.js";
import { runActions } from "./actions.js";
import { endUnlessContinued, resolveFailure } from "./failures.js";
import type { Run } from "./run.js";
import { groupsOf, itemsToDo, tellItems } from "./stages.js";
import { retryStage, SHUTDOWN_STEP, shutdownStage } from "./step-ids.js";
import { stopIfCancelled } from "./stop-if-cancelled.js";

/**
 * Shuts every source down and sends what it still has, in one stage before anything is promoted. When they
 * `must` be off, one that isn't ends the story; otherwise it is noted and the story goes on, losing what it had not
 * sent. Where the plan's policy says `ask`, a person decides instead. What they skip is lost in the second case only:
 * in the first, which promises that nothing is lost, it is left behind.
 */
export function* shutDownSources(run: Run, { must }: { must: boolean }): Durable<void> {
  const { before, after } = run.plan.shutdown;
  yield* runActions(run, before, SHUTDOWN_STEP);
  yield* run.step(SHUTDOWN_STEP, () => releaseByPolicy(run, must));
  yield* runActions(run, after, SHUTDOWN_STEP);
}

function* releaseByPolicy(run: Run, must: boolean): Durable<void> {
  let open = itemsToDo(run).filter(isAtSource);
  let nameOf = (stage: string): string => stage;
  for (let attempt = 1; ; attempt += 1) {
    const failed = (yield* releaseInOrder(run, open, nameOf, attempt)).filter(({ outcome }) => outcome === "failed");
    if (failed.length === 0) return;
    open = open.filter(({ id }) => failed.some(({ itemId }) => itemId === id));
    const which = failed.map(({ itemId, failure }) => `${itemId} (${failure?.message ?? "unknown"})`).join(", ");
    const asks = groupsOf(run, open).some((group) => asksAbout(run.plan.policy, group, group.items));
    if (must && !asks) throw new RecoveryError("shutdown-failed", `not shut down and synchronised: ${which}`);
    const what = `not shut down and synchronised: ${which}; ${must ? LEAVES : LOSES}`;
    const next = yield* resolveFailure(run, asks ? "ask" : "continue", what);
    endUnlessContinued(run, next, what);
    if (next !== "retry" && must) return leaveBehind(run, failed, which);
    if (next !== "retry") return run.progress.note(SHUTDOWN_STEP, `went on without: ${which}`);
    const ask = run.asks;
    nameOf = (stage) => retryStage(ask, stage);
  }
}

const LOSES = "going on without loses what they have not sent";
const LEAVES = "what is skipped is not failed over, since what it has not sent would be lost";

/** Goes on without some items; when no other is left, the story ends as it does where nobody is asked. */
function leaveBehind(run: Run, failed: readonly ItemReport[], which: string): void {
  for (const report of failed) {
    run.reports.set(report.itemId, report);
    run.leftBehind.add(report.itemId);
  }
  if (itemsToDo(run).every(({ id }) => run.leftBehind.has(id))) {
    throw new RecoveryError("shutdown-failed", `not shut down and synchronised, and no other item is left: ${which}`);
  }
  run.progress.note(SHUTDOWN_STEP, `left behind: ${which}`);
}

function* releaseInOrder(
  run: Run,
  items: readonly RunItem[],
  nameOf: (stage: string) => string,
  attempt: number,
): Durable<ItemReport[]> {
  const together = [{ stage: SHUTDOWN_STEP, items }];
  const inReverse = groupsOf(run, items)
    .toReversed()
    .map((group) => ({ stage: shutdownStage(group.id), items: group.items }));
  const reports: ItemReport[] = [];
  for (const { stage, items: some } of run.plan.shutdown.order === "together" ? together : inReverse) {
    const told = yield* tellItems(run, nameOf(stage), "release-source", some, () => ({ attempt }));
    stopIfCancelled(told);
    reports.push(...told);
  }
  return reports;
}

/** A replica that was promoted before has been fenced off from its source already. */
const isAtSource = ({ promotedFrom }: RunItem): boolean => promotedFrom === null;
