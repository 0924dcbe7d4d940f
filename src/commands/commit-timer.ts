/**
 * What people do to the commit timer of a failover, and what the timer itself starts at its end.
 *
 * - K1 A cancel or an extension is recorded before the timer hears of it, and the timer reads the record before it acts,
 *   so it counts even if its event is lost. (test/orchestrators/commit-timer.test.ts)
 * - K2 The timer records what it is about to do; from then on a cancel or an extension is refused, and the start is made
 *   under a key that is derived from the failover. (test/orchestrators/commit-timer.test.ts)
 */
import type { z } from "zod";
import {
  MAX_EXTENSIONS,
  MAX_TIMER_MINUTES,
  type RunningTimer,
  type TimerEnd,
  type TimerVerb,
} from "../domain/commit-timer/commit-timer.js";
import { itemsToDecide, timerEndText } from "../domain/commit-timer/timer-rules.js";
import { RecoveryError } from "../domain/errors.js";
import { toInstant, toMs } from "../domain/text.js";
import { answered, refusalOf } from "../durable/refusal.js";
import { changeTimer, type Ended, endTimer, standingOf, takeoverOf } from "../executions/commit-timer.js";
import { endCommitTimer, type TimerStanding } from "../executions/commit-timer-contracts.js";
import { COMMIT_TIMER_EVENT } from "../orchestrators/runtime/contracts.js";
import type { Context } from "./context.js";
import { startExecution } from "./start-execution.js";

interface Made {
  by: string;
  reason: string | undefined;
}

const reasonOf = ({ reason }: Made): { reason?: string } => (reason === undefined ? {} : { reason });

/** Ends the timer of a failover. The failover then waits for a person. The same cancel again is no second one. */
export async function cancelCommitTimer(context: Context, executionId: string, made: Made): Promise<void> {
  await changeTimer(context, executionId, (_execution, timer) => {
    if (timer?.end?.kind === "cancelled") return { answer: undefined };
    const running = requireRunning(executionId, timer);
    const at = toInstant(context.clock.now());
    return {
      answer: undefined,
      timer: { ...running, end: { kind: "cancelled", at, by: made.by, ...reasonOf(made) } },
    };
  });
  await context.orchestrations.raise(executionId, COMMIT_TIMER_EVENT, {});
}

/** Moves the end of the timer to a later moment. The same extension again is no second one. */
export async function extendCommitTimer(
  context: Context,
  executionId: string,
  made: Made & { until: string },
): Promise<void> {
  const until = toInstant(toMs(made.until));
  await changeTimer(context, executionId, (_execution, timer) => {
    const running = requireRunning(executionId, timer);
    if (running.until === until) return { answer: undefined };
    requireLater(running, until);
    const extension = { until, by: made.by, at: toInstant(context.clock.now()), ...reasonOf(made) };
    const extensions = [...(running.extensions ?? []), extension].slice(-MAX_EXTENSIONS);
    return { answer: undefined, timer: { ...running, until, extensions } };
  });
  await context.orchestrations.raise(executionId, COMMIT_TIMER_EVENT, {});
}

function requireRunning(executionId: string, timer: RunningTimer | undefined): RunningTimer {
  if (timer === undefined) throw new RecoveryError("nothing-awaited", `execution ${executionId} has no commit timer`);
  if (timer.end !== undefined) throw new RecoveryError("decided-already", timerEndText(timer.end));
  if (timer.decided === undefined) return timer;
  const { verb, at } = timer.decided;
  throw new RecoveryError("decided-already", `the commit timer decided on ${verb} at ${at}; cancel that execution`);
}

function requireLater({ since, until }: RunningTimer, wanted: string): void {
  const latest = toInstant(toMs(since) + MAX_TIMER_MINUTES * 60_000);
  if (wanted > until && wanted <= latest) return;
  throw new RecoveryError(
    "invalid-input",
    `the commit timer ends at ${until} and may be extended to a later moment, until ${latest}; ${wanted} is not one`,
  );
}

/**
 * Starts the execution that the timer decided on. It is an activity by its contract and a command by what it does: only
 * commands start executions.
 */
export const END_COMMIT_TIMER = {
  name: endCommitTimer.name,
  handle: (context: Context, raw: unknown): Promise<object> =>
    answered(() => actOnTimer(context, endCommitTimer.input.parse(raw))),
};

async function actOnTimer(
  context: Context,
  { executionId, untilMs, verb, because }: z.output<typeof endCommitTimer.input>,
): Promise<TimerStanding> {
  const found = await context.store.getExecution(executionId);
  if (found === null || !("outcomes" in found.value)) return { state: "ended", end: null };
  const execution = found.value;
  const decided = await decide(context, execution, untilMs, { verb, because });
  if (!("itemIds" in decided)) return decided;
  return endTimer(context, executionId, await startOf(context, execution, decided));
}

/**
 * Writes what the timer is about to do, or that there is nothing to do. A decision that was written before stands, also
 * when its execution holds the items by now.
 */
async function decide(
  context: Context,
  execution: Ended,
  untilMs: number,
  { verb, because }: { verb: TimerVerb | null; because: string },
): Promise<Decided | TimerStanding> {
  const takeover = await takeoverOf(context, execution);
  return changeTimer<Decided | TimerStanding>(context, execution.executionId, (now, timer) => {
    if (timer === undefined || timer.end !== undefined) return { answer: standingOf(timer) };
    if (timer.decided !== undefined) return { answer: timer.decided };
    if (toMs(timer.until) !== untilMs) return { answer: standingOf(timer) };
    const at = toInstant(context.clock.now());
    if (takeover !== null) return ended(timer, { kind: "taken-over", at, because: takeover });
    if (verb === null) return ended(timer, { kind: "undecided", at, because });
    const decided = { verb, because: because.slice(0, 2_000), itemIds: itemsToDecide(now), at };
    return { answer: decided, timer: { ...timer, decided } };
  });
}

type Decided = NonNullable<RunningTimer["decided"]>;

function ended(timer: RunningTimer, end: TimerEnd): { answer: TimerStanding; timer: RunningTimer } {
  return { answer: { state: "ended", end }, timer: { ...timer, end } };
}

/** Starts the execution on the plan, or says why it was refused. A fault is thrown, and the call is made again. */
async function startOf(
  context: Context,
  { executionId, subject, requestedBy, onBehalfOf = requestedBy }: Ended,
  { verb, itemIds, because }: Decided,
): Promise<TimerEnd> {
  if (subject.kind !== "plan") throw new Error("only a plan has a commit timer");
  const at = toInstant(context.clock.now());
  try {
    const started = await startExecution(context, {
      // No header has a line break, so no caller has used the key before.
      idempotencyKey: `commit-timer\n${executionId}`,
      target: { kind: "plan", planId: subject.planId },
      verb,
      options: { only: itemIds },
      requestedBy: `commit timer of execution ${executionId}`,
      onBehalfOf,
    });
    return { kind: "started", at, verb, executionId: started.executionId, because };
  } catch (thrown) {
    const refusal = refusalOf(thrown);
    if (refusal === undefined) throw thrown;
    const what = [refusal.message, ...refusal.details].join("; ").slice(0, 2_000);
    return { kind: "refused", at, verb, code: refusal.code, because: what };
  }
}
