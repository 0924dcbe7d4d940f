import type { OrchestrationContext } from "durable-functions";
import type { z } from "zod";
import { hasCode } from "../domain/errors.js";
import { callActivity, type Durable } from "./call.js";
import type { ActivityContract } from "./contract.js";
import { failureOf } from "./refusal.js";
import { sleep } from "./wait.js";

/** The first wait, in milliseconds of real time; each later one is twice as long. */
const FIRST_WAIT_MS = 5_000;

/** A repaired row is found within this time, and a day of waiting stays some three hundred rows of history. */
const MAX_WAIT_MS = 3_600_000;

/** After a day, nobody is going to repair the row. */
const LIMIT_MS = 24 * 3_600_000;

/**
 * Calls an activity that records results. While a stored row that it needs is damaged, it waits and calls again, for a
 * day at most, because the results exist nowhere else. `show` gets the reason while it is blocked, and
 * undefined once it goes on.
 *
 * Throws any other refusal at once, and `row-unreadable` when the day is over.
 */
export function* retryUntilReadable<I extends z.ZodType, O extends z.ZodType>(
  context: OrchestrationContext,
  contract: ActivityContract<I, O>,
  input: z.input<I>,
  show: (blockedReason: string | undefined) => void,
): Durable<z.output<O>> {
  const sinceMs = context.df.currentUtcDateTime.getTime();
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    try {
      const answer = yield* callActivity(context, contract, input);
      show(undefined);
      return answer;
    } catch (thrown) {
      const waited = context.df.currentUtcDateTime.getTime() - sinceMs;
      if (!hasCode(thrown, "row-unreadable") || waited >= LIMIT_MS) throw thrown;
      show(`${failureOf(thrown).message}. Restore the row; it is read again in ${minutes(waitMs)}`);
    }
    yield* sleep(context, waitMs);
  }
}

const minutes = (waitMs: number): string =>
  waitMs <= 60_000 ? "less than a minute" : `${Math.ceil(waitMs / 60_000)} minutes`;
