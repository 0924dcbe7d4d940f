import { z } from "zod";
import type { ActivityContract, PollingContract } from "./contract.js";

/** What a polling activity gets in addition to its input. */
export const pollRequest = z.object({
  /** How often it was polled before. */
  round: z.int().nonnegative(),
  sinceMs: z.number(),
  deadlineMs: z.number(),
  /** The task waited for a slot at the last poll. */
  queued: z.literal(true).optional(),
});
export type PollRequest = z.output<typeof pollRequest>;

/**
 * How a polling activity answers: it is done, or is to be polled again after `waitMs` of real time, up to `slackMs`
 * later when others are polled then.
 */
export type PollResult<R> =
  | { state: "done"; result: R }
  | { state: "waiting"; waitMs: number; slackMs?: number | undefined; queued?: true | undefined };

/** Polls of items that take about equally long coincide within this share of the wait. */
const SLACK_SHARE = 1 / 10;

/** A queued task loses its slot when it is polled later than this. */
const QUEUE_SLACK_MS = 5_000;

/** The answer to be polled again after `waitMs`, or with others up to a tenth of it later. */
export function waiting(waitMs: number, { queued = false } = {}): PollResult<never> {
  const slackMs = waitMs * SLACK_SHARE;
  if (!queued) return { state: "waiting", waitMs, slackMs };
  return { state: "waiting", waitMs, slackMs: Math.min(slackMs, QUEUE_SLACK_MS), queued };
}

const pollResult = z.discriminatedUnion("state", [
  z.object({ state: z.literal("done"), result: z.unknown() }),
  z.object({
    state: z.literal("waiting"),
    waitMs: z.number().nonnegative(),
    slackMs: z.number().nonnegative().default(0),
    queued: z.literal(true).optional(),
  }),
]);

/** Whether this poll may begin the task. A poll of a task under way only looks at it. */
export const mayBegin = ({ round, queued }: PollRequest): boolean => round === 0 || queued === true;

/** Never polls faster than this, however soon the hypervisor promises to be ready. */
const MIN_WAIT_MS = 20;

/** How a workflow calls an activity and sleeps: alone in its orchestration, or as one of many fibers. */
export interface StepRuntime<Y> {
  /** The moment of the episode, in milliseconds since the epoch. */
  now(): number;
  call(contract: ActivityContract | PollingContract, input: unknown): Generator<Y, unknown, unknown>;
  /** Sleeps for `waitMs` of real time, or up to `slackMs` longer to wake with others. */
  sleep(waitMs: number, slackMs?: number): Generator<Y, void, unknown>;
}

/**
 * Calls a polling activity until it is done, and sleeps on a durable timer in between. The activity says how long,
 * and refuses with `time-limit` once `limitMs` of real time have passed.
 */
export function* pollUntilDone<Y, I extends z.ZodType, O extends z.ZodType>(
  runtime: StepRuntime<Y>,
  contract: PollingContract<I, O>,
  input: z.input<I>,
  limitMs: number,
): Generator<Y, z.output<O>, unknown> {
  const sinceMs = runtime.now();
  const deadlineMs = sinceMs + limitMs;
  let known: Pick<PollRequest, "queued"> = {};
  for (let round = 0; ; round += 1) {
    const request: PollRequest = { round, sinceMs, deadlineMs, ...known };
    const answer = pollResult.parse(yield* runtime.call(contract, { request, input }));
    if (answer.state === "done") return contract.output.parse(answer.result);
    known = answer.queued === undefined ? {} : { queued: true };
    yield* runtime.sleep(Math.max(answer.waitMs, MIN_WAIT_MS), answer.slackMs);
  }
}
