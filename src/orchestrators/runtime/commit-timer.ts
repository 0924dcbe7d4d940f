/**
 * The commit timer: what happens to a failover that nobody commits or cancels in time. It runs in the orchestration of
 * the failover, after its record has ended, so it needs no start of its own that could get lost.
 *
 * - C1 What it starts, it starts once, whatever dies in between: it writes down what it is about to do first, and the key
 *   of the start is derived from the failover. (test/orchestrators/commit-timer.test.ts)
 * - C2 It never acts against a person: who commits, cancels or moves one of the items before its end is in charge, and a
 *   timer that was cancelled or extended never acts early, even if its event was lost. (same file)
 * - C3 It fails closed: when the machines cannot be looked at, or the start is refused, it does nothing, and the record
 *   and a notification say so. (same file)
 * - C4 While it waits, it costs one durable timer. It polls nothing.
 */
import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import type { CommitTimer, TimerVerb } from "../../domain/commit-timer/commit-timer.js";
import { timerActText, timerEndText } from "../../domain/commit-timer/timer-rules.js";
import type { Durable } from "../../durable/call.js";
import { untilItWorks } from "../../durable/until-it-works.js";
import { Mailbox, sleep } from "../../durable/wait.js";
import {
  beginCommitTimer,
  checkCommitTimer,
  endCommitTimer,
  probeMachines,
  type TimerStanding,
} from "../../executions/commit-timer-contracts.js";
import type { ExecutionItem, ExecutionPlan, ItemReport } from "../../executions/contracts.js";
import { COMMIT_TIMER_EVENT } from "./contracts.js";
import type { Notifier } from "./notify.js";

/** What the timer uses of its execution. */
export interface TimedExecution {
  readonly context: OrchestrationContext;
  readonly plan: ExecutionPlan;
  readonly notifier: Notifier;
  readonly items: readonly ExecutionItem[];
  readonly reports: ReadonlyMap<string, ItemReport>;
}

/** A machine that does not answer is asked again this often before it counts as failed. */
const PROBE_LOOKS = 3;

const MS_PER_MINUTE = 60_000;

/** Waits for the end of the timer of a failover that succeeded, and does what it says. */
export function* runCommitTimer(execution: TimedExecution): Durable<void> {
  const { context, plan, notifier } = execution;
  const { executionId, commitTimer: timer } = plan;
  if (timer === undefined) return;
  const afterMs = timer.afterMinutes * MS_PER_MINUTE;
  const begun = { executionId, afterMs, act: timer.onExpiry };
  let standing = yield* untilItWorks(context, beginCommitTimer, begun);
  if (standing.state === "ended" && standing.end === null) return;
  const news = new Mailbox(context, COMMIT_TIMER_EVENT, z.object({}));
  while (standing.state === "running") {
    const { untilMs } = standing;
    yield* notifier.tellAwaited(awaitsOf(timer, untilMs), execution.reports.values());
    standing = yield* waitUntil(execution, timer, untilMs, news);
    if (standing.state === "running" && standing.untilMs === untilMs) standing = yield* act(execution, timer, untilMs);
  }
  if (standing.end !== null) {
    const { end } = standing;
    yield* notifier.tell("progress", { commitTimer: { ...end, text: timerEndText(end) } });
  }
}

/** What notifications say of the timer. */
const awaitsOf = ({ onExpiry }: CommitTimer, untilMs: number): object => {
  const until = new Date(untilMs).toISOString();
  return { kind: "commit-timer", asks: "commit the failover, or cancel it", until, onExpiry: timerActText(onExpiry) };
};

/** Waits until the time is over, and warns before. Comes back early when the timer was cancelled, extended or taken over. */
function* waitUntil(
  { context, plan: { executionId }, notifier, reports }: TimedExecution,
  timer: CommitTimer,
  untilMs: number,
  news: Mailbox<z.ZodObject>,
): Durable<TimerStanding> {
  const nowMs = () => context.df.currentUtcDateTime.getTime();
  const warnings = timer.warnMinutesBefore.map((minutes) => untilMs - minutes * MS_PER_MINUTE);
  const moments = [...new Set([...warnings.filter((ms) => ms > nowMs()), untilMs])].sort((a, b) => a - b);
  for (;;) {
    const [nextMs = untilMs] = moments;
    yield* news.next(new Date(Math.max(nextMs, nowMs())));
    const seen = yield* untilItWorks(context, checkCommitTimer, { executionId });
    if (seen.state === "ended" || seen.untilMs !== untilMs || nowMs() >= untilMs) return seen;
    const due = moments.filter((ms) => ms <= nowMs());
    moments.splice(0, due.length);
    if (due.length > 0) yield* notifier.tellAwaited(awaitsOf(timer, untilMs), reports.values());
  }
}

/** Does what the timer says. It may find out that somebody extended or ended it meanwhile. */
function* act(execution: TimedExecution, timer: CommitTimer, untilMs: number): Durable<TimerStanding> {
  const { context, plan } = execution;
  const verdict = yield* verdictOf(execution, timer);
  return yield* untilItWorks(context, endCommitTimer, { executionId: plan.executionId, untilMs, ...verdict });
}

function* verdictOf(
  execution: TimedExecution,
  timer: CommitTimer,
): Durable<{ verb: TimerVerb | null; because: string }> {
  const elapsed = `nobody decided within ${timer.afterMinutes} minutes`;
  if (timer.onExpiry === "commit") return { verb: "commit", because: elapsed };
  if (timer.onExpiry === "roll-back") return { verb: "cancel-failover", because: elapsed };
  const { result, saw } = yield* probed(execution, timer);
  if (result === "unknown") return { verb: null, because: `machines could not be looked at: ${saw}` };
  return { verb: result === "passed" ? "commit" : "cancel-failover", because: saw };
}

/** Asks the machines their probes, a few times while some of them do not answer. */
function* probed(
  { context, plan, items, reports }: TimedExecution,
  timer: CommitTimer,
): Durable<{ result: "passed" | "failed" | "unknown"; saw: string }> {
  const { worldId, executionId, speed } = plan;
  const asked = items
    .filter(({ id }) => reports.get(id)?.outcome === "succeeded")
    .map(({ id, probes = [] }) => ({ id, probes: [...probes, ...(timer.probes ?? [])] }));
  const everySeconds = Math.max(1, ...asked.flatMap(({ probes }) => probes.map((probe) => probe.everySeconds)));
  for (let look = 1; ; look += 1) {
    const answer = yield* untilItWorks(context, probeMachines, { worldId, executionId, items: asked });
    if (answer.result === "passed" || look === PROBE_LOOKS) return answer;
    yield* sleep(context, (everySeconds * 1_000) / speed);
  }
}
