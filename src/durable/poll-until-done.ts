import { z } from "zod";
import type { ActivityContract, PollingContract } from "./contract.js";

/** What a polling activity gets in addition to its input. */
export const pollRequest = z.object({
  /** How often it was polled before. */
  round: z.int().nonnegative(),
  /** When the task was first asked for, or left the queue. */
  sinceMs: z.number(),
  deadlineMs: z.number(),
  /** The task waited for a slot at the last poll. */
  queued: z.literal(true).optional(),
});
export type PollRequest = z.output<typeof pollRequest>;

/** Why a person may want to know of a task: its end is not known, or it takes unusually long. */
const stuck = z.enum(["hanging", "overdue"]);
export type Stuck = z.output<typeof stuck>;

/**
 * How a polling activity answers: it is done, or is to be polled again after `waitMs` of real time, up to `slackMs`
 * later when others are polled then. `held`: nothing was begun, because the execution is paused; the same call follows.
 */
export type PollResult<R> =
  | { state: "done"; result: R }
  | {
      state: "waiting";
      waitMs: number;
      slackMs?: number | undefined;
      queued?: true | undefined;
      stuck?: Stuck | undefined;
      held?: true | undefined;
    };

/** Polls of items that take about equally long coincide within this share of the wait. */
const SLACK_SHARE = 1 / 10;

/** A queued task loses its slot when it is polled later than this. */
const QUEUE_SLACK_MS = 5_000;

/** The answer to be polled again after `waitMs`, or with others up to a tenth of it later. */
export function waiting(
  waitMs: number,
  { queued = false, stuck = undefined as Stuck | undefined } = {},
): Extract<PollResult<never>, { state: "waiting" }> {
  const slackMs = waitMs * SLACK_SHARE;
  return {
    state: "waiting",
    waitMs,
    slackMs: queued ? Math.min(slackMs, QUEUE_SLACK_MS) : slackMs,
    ...(queued && { queued }),
    ...(stuck && { stuck }),
  };
}

const pollResult = z.discriminatedUnion("state", [
  z.object({ state: z.literal("done"), result: z.unknown() }),
  z.object({
    state: z.literal("waiting"),
    waitMs: z.number().nonnegative(),
    slackMs: z.number().nonnegative().default(0),
    queued: z.literal(true).optional(),
    stuck: stuck.optional(),
    held: z.literal(true).optional(),
  }),
]);

/** How long a held step sleeps before it looks again. The end of the pause wakes it. */
export const HELD_MS = 24 * 3_600_000;

/** Whether this poll may begin the task. A poll of a task under way only looks at it. */
export const mayBegin = ({ round, queued }: PollRequest): boolean => round === 0 || queued === true;

/** Never polls faster than this, however soon the hypervisor promises to be ready. */
const MIN_WAIT_MS = 20;

/** How a workflow calls an activity and sleeps: alone in its orchestration, or as one of many fibers. */
export interface StepRuntime<Y> {
  /** The moment of the episode, in milliseconds since the epoch. */
  now(): number;
  call(contract: ActivityContract | PollingContract, input: unknown): Generator<Y, unknown, unknown>;
  /**
   * Sleeps for `waitMs` of real time, or up to `slackMs` longer to wake with others. A sleep beside a stuck task can be
   * ended by a person's decision.
   */
  sleep(waitMs: number, slackMs?: number, stuck?: Stuck): Generator<Y, void, unknown>;
}

/** How much real time a task may take once it has begun, and how much it may wait for a slot before. */
export interface PollLimits {
  limitMs: number;
  queueLimitMs: number;
}

/** How a task stands: it waits for the end of a pause or for a slot, is under way, or is stuck. */
export type TaskStanding = "held" | "queued" | "under-way" | Stuck;

/**
 * Calls a polling activity until it is done, and sleeps on a durable timer in between. The activity says how long,
 * and refuses with `time-limit` once a limit has passed. Time in the queue does not count against the task's own limit,
 * and a task that is held begins its time when it is let go. `onStanding` hears how the task stands whenever that has
 * changed.
 */
export function* pollUntilDone<Y, I extends z.ZodType, O extends z.ZodType>(
  runtime: StepRuntime<Y>,
  contract: PollingContract<I, O>,
  input: z.input<I>,
  { limitMs, queueLimitMs }: PollLimits,
  onStanding: (standing: TaskStanding) => void = () => undefined,
): Generator<Y, z.output<O>, unknown> {
  const since: Since = { firstMs: runtime.now(), sinceMs: runtime.now() };
  let known: Known = {};
  let standing: TaskStanding = "under-way";
  const note = (now: TaskStanding): void => {
    if (now !== standing) onStanding(now);
    standing = now;
  };
  for (let round = 0; ; ) {
    const { queued } = known;
    const deadlineMs = deadlineOf(since, known, { limitMs, queueLimitMs });
    const request: PollRequest = { round, sinceMs: since.sinceMs, deadlineMs, ...(queued && { queued }) };
    const answer = pollResult.parse(yield* runtime.call(contract, { request, input }));
    note(standingOf(answer));
    if (answer.state === "done") return contract.output.parse(answer.result);
    if (answer.held) {
      yield* runtime.sleep(answer.waitMs);
      if (round === 0) since.firstMs = since.sinceMs = runtime.now();
      continue;
    }
    if (queued && !answer.queued) since.sinceMs = runtime.now();
    known = answer;
    round += 1;
    yield* runtime.sleep(Math.max(answer.waitMs, MIN_WAIT_MS), answer.slackMs, answer.stuck);
  }
}

/** When the task was first asked for, and when it was asked for or left the queue. */
interface Since {
  firstMs: number;
  sinceMs: number;
}

/** What the last poll said. */
interface Known {
  queued?: true | undefined;
  stuck?: Stuck | undefined;
}

const deadlineOf = (
  { firstMs, sinceMs }: Since,
  { queued, stuck }: Known,
  { limitMs, queueLimitMs }: PollLimits,
): number => (queued && stuck === undefined ? firstMs + Math.max(queueLimitMs, limitMs) : sinceMs + limitMs);

function standingOf(answer: z.output<typeof pollResult>): TaskStanding {
  if (answer.state === "done") return "under-way";
  if (answer.held) return "held";
  return answer.stuck ?? (answer.queued ? "queued" : "under-way");
}
