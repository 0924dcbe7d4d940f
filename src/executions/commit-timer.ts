import type { RunningTimer, TimerAct, TimerEnd } from "../domain/commit-timer/commit-timer.js";
import { itemsToDecide, takenOver } from "../domain/commit-timer/timer-rules.js";
import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import { toInstant, toMs } from "../domain/text.js";
import type { Ports } from "../ports.js";
import { updateWithRetry } from "../store/port.js";
import type { TimerStanding } from "./commit-timer-contracts.js";

export type Ended = Extract<Execution, { outcomes: unknown }>;

/** What a change makes of a timer; undefined leaves it as it is. */
type Change<T> = (execution: Ended, timer: RunningTimer | undefined) => { answer: T; timer?: RunningTimer };

/** Changes the timer in the record of an ended execution. */
export function changeTimer<T>({ store }: Pick<Ports, "store">, executionId: string, change: Change<T>): Promise<T> {
  return updateWithRetry(
    () => store.getExecution(executionId),
    (found): { answer: T; write?: () => Promise<unknown> } => {
      if (!found) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
      const { value, etag } = found;
      if (!("outcomes" in value)) {
        throw new RecoveryError("nothing-awaited", `execution ${executionId} has not ended, so no commit timer runs`);
      }
      const { answer, timer } = change(value, value.commitTimer);
      if (timer === undefined) return { answer };
      return { answer, write: () => store.updateExecution({ ...value, commitTimer: timer }, etag) };
    },
  );
}

export const standingOf = (timer: RunningTimer | undefined): TimerStanding =>
  timer === undefined || timer.end !== undefined
    ? { state: "ended", end: timer?.end ?? null }
    : { state: "running", untilMs: toMs(timer.until) };

/** Begins the timer of a failover, unless it has begun or there is nothing to decide. */
export function beginTimer(ports: Ports, executionId: string, afterMs: number, act: TimerAct): Promise<TimerStanding> {
  return changeTimer(ports, executionId, (execution, earlier) => {
    if (earlier !== undefined || itemsToDecide(execution).length === 0) return { answer: standingOf(earlier) };
    const timer = { since: execution.endedAt, until: toInstant(toMs(execution.endedAt) + afterMs), onExpiry: act };
    return { answer: standingOf(timer), timer };
  });
}

/** Why the timer of an execution has nothing to decide any more, by its items as they are now; null if it has. */
export async function takeoverOf({ store }: Pick<Ports, "store">, execution: Ended): Promise<string | null> {
  return takenOver(execution, await store.findItems(execution.worldId, itemsToDecide(execution)));
}

/** How the timer stands. One whose items somebody acted on is ended here. */
export async function checkTimer(ports: Ports, executionId: string): Promise<TimerStanding> {
  const found = await ports.store.getExecution(executionId);
  if (found === null || !("outcomes" in found.value)) return { state: "ended", end: null };
  const { commitTimer } = found.value;
  // A timer that has decided may have started the execution that holds the items now.
  if (commitTimer === undefined || commitTimer.end !== undefined || commitTimer.decided !== undefined)
    return standingOf(commitTimer);
  const because = await takeoverOf(ports, found.value);
  return because === null
    ? standingOf(commitTimer)
    : endTimer(ports, executionId, { kind: "taken-over", at: toInstant(ports.clock.now()), because });
}

/** Writes how a timer ended; the first end stands. One that has decided ends only with what came of that. */
export function endTimer(ports: Pick<Ports, "store">, executionId: string, end: TimerEnd): Promise<TimerStanding> {
  return changeTimer(ports, executionId, (_execution, timer) => {
    const isDecided = timer?.decided !== undefined && end.kind !== "started" && end.kind !== "refused";
    if (timer === undefined || timer.end !== undefined || isDecided) return { answer: standingOf(timer) };
    const ended = { ...timer, end };
    return { answer: standingOf(ended), timer: ended };
  });
}
