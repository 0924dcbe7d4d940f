import { z } from "zod";
import type { ActivityContract, PollingContract } from "./contract.js";

/**
 * What a level-triggered activity is told beside its input: how often it was asked, since when and until when it may
 * go on, and whether what it asks for waits to begin, as far as was known last.
 */
export const pollRequest = z.object({
  round: z.int().nonnegative(),
  /** Missing in what an execution asked that began before this was told. */
  sinceMs: z.number().optional(),
  deadlineMs: z.number(),
  queued: z.literal(true).optional(),
});
export type PollRequest = z.output<typeof pollRequest>;

/**
 * How a level-triggered activity answers: it is done, or says after how much real time to ask again, and how much
 * later still it may be asked when others are asked then.
 */
export type PollResult<R> =
  | { state: "done"; result: R }
  | { state: "waiting"; waitMs: number; slackMs?: number | undefined; queued?: true | undefined };

/** Many items that each take about as long are looked at a few times this way, not once for each of them. */
const SLACK_SHARE = 1 / 10;

/** Who waits for a turn comes no later than this, or loses it. */
const QUEUE_SLACK_MS = 5_000;

/** The answer to ask again after `waitMs`, or with others up to a tenth of it later. */
export function waiting(waitMs: number, { queued = false } = {}): PollResult<never> {
  const slackMs = waitMs * SLACK_SHARE;
  if (!queued) return { state: "waiting", waitMs, slackMs };
  return { state: "waiting", waitMs, slackMs: Math.min(slackMs, QUEUE_SLACK_MS), queued };
}

const progress = z.discriminatedUnion("state", [
  z.object({ state: z.literal("done"), result: z.unknown() }),
  z.object({
    state: z.literal("waiting"),
    waitMs: z.number().nonnegative(),
    /** Missing in answers to an execution that began before this was said. */
    slackMs: z.number().nonnegative().default(0),
    queued: z.literal(true).optional(),
  }),
]);

/** Whether asking may begin it: what is under way already is only looked at. */
export const mayBegin = ({ round, queued }: PollRequest): boolean => round === 0 || queued === true;

/** Never asks faster than this, however soon the hypervisor promises to be ready. */
const MIN_WAIT_MS = 20;

/** How a story calls an activity and lets time pass: alone in its orchestration, or beside others in one. */
export interface StepRuntime<Y> {
  /** The moment of the episode, in milliseconds since the epoch. */
  now(): number;
  call(contract: ActivityContract | PollingContract, input: unknown): Generator<Y, unknown, unknown>;
  /** Waits until `waitMs` milliseconds of real time have passed, and up to `slackMs` longer for company. */
  sleep(waitMs: number, slackMs?: number): Generator<Y, void, unknown>;
}

/**
 * Calls a level-triggered activity until it is done, waiting on a durable timer in between. The activity says how
 * long to wait, and refuses with `time-limit` once `limitMs` of real time have passed.
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
    const ask: PollRequest = { round, sinceMs, deadlineMs, ...known };
    const answer = progress.parse(yield* runtime.call(contract, { ask, input }));
    if (answer.state === "done") return contract.output.parse(answer.result);
    known = answer.queued === undefined ? {} : { queued: true };
    yield* runtime.sleep(Math.max(answer.waitMs, MIN_WAIT_MS), answer.slackMs);
  }
}
