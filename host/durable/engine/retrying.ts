import type { RetryOptions } from "./answer.js";
import type { TaskEnd } from "./decisions.js";
import { Future } from "./future.js";

/** A timer longer than this is made of several, since storage providers cannot hold a message longer. */
const MAXIMUM_SHORT_TIMER_MS = 6 * 86_400_000;
const LONG_TIMER_INTERVAL_MS = 3 * 86_400_000;

export type RetryEnd = "succeeded" | "exhausted" | "gave-up-early";

interface RetryContext {
  attempt(): Future<TaskEnd>;
  now(): number;
  timer(fireAtMs: number): Future<TaskEnd>;
}

/**
 * Attempts, with waits in between. After the last failed attempt there is one more timer, due at once: the
 * package counts on it.
 */
export function retry(options: RetryOptions, context: RetryContext): Future<RetryEnd> {
  const done = new Future<RetryEnd>();
  const firstMs = context.now();
  const attempt = (number: number): void => {
    context.attempt().whenSettled((end) => {
      if (!end.failed) return done.settle("succeeded");
      if (number + 1 >= options.maxNumberOfAttempts) {
        return context.timer(context.now()).whenSettled(() => done.settle("exhausted"));
      }
      if (end.nonRetriable || timedOut(options, firstMs, context.now())) return done.settle("gave-up-early");
      const waitUntil = context.now() + retryDelayMs(options, number);
      return context.timer(waitUntil).whenSettled(() => attempt(number + 1));
    });
  };
  attempt(0);
  return done;
}

/** The wait after attempt `number` (from 0), in milliseconds. */
function retryDelayMs(options: RetryOptions, number: number): number {
  const delay = options.firstRetryIntervalInMilliseconds * (options.backoffCoefficient ?? 1) ** number;
  return Math.min(delay, options.maxRetryIntervalInMilliseconds ?? Number.POSITIVE_INFINITY);
}

function timedOut(options: RetryOptions, firstMs: number, nowMs: number): boolean {
  const limit = options.retryTimeoutInMilliseconds;
  return limit !== undefined && nowMs >= firstMs + limit;
}

/** One timer, or a chain of shorter ones when `fireAtMs` is far away. A cancelled one counts as fired. */
export function longTimer(
  fireAtMs: number,
  now: () => number,
  create: (fireAtMs: number) => Future<TaskEnd>,
  cancelled: boolean,
): Future {
  const done = new Future();
  const link = (): void => {
    const last = fireAtMs - now() <= MAXIMUM_SHORT_TIMER_MS;
    const timer = create(last ? fireAtMs : now() + LONG_TIMER_INTERVAL_MS);
    timer.whenSettled(() => (last || cancelled ? done.settle(undefined) : link()));
  };
  link();
  return done;
}
