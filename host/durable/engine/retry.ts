import type { RetryOptions } from "./answer.js";
import type { TaskEnd } from "./decisions.js";
import { Future } from "./future.js";

export type RetryEnd = "succeeded" | "exhausted" | "gave-up-early";

interface RetryContext {
  /** Starts the next attempt. */
  attempt(): Future<TaskEnd>;
  now(): number;
  timer(fireAtMs: number): Future<TaskEnd>;
}

/**
 * Repeats a task until it succeeds or its attempts are used up. Attempts are numbered from 1, as everywhere in the
 * host: the first try is attempt 1, and `maxNumberOfAttempts` counts it. A timer separates two attempts. After the
 * last failed attempt there is one more timer, due at once, because the package expects it.
 */
export function retry(options: RetryOptions, context: RetryContext): Future<RetryEnd> {
  const done = new Future<RetryEnd>();
  const firstMs = context.now();
  const start = (attempt: number): void => {
    context.attempt().whenSettled((end) => {
      if (!end.failed) return done.settle("succeeded");
      if (attempt >= options.maxNumberOfAttempts) {
        return context.timer(context.now()).whenSettled(() => done.settle("exhausted"));
      }
      if (end.nonRetriable || hasTimedOut(options, firstMs, context.now())) return done.settle("gave-up-early");
      const retryAtMs = context.now() + delayAfterMs(options, attempt);
      return context.timer(retryAtMs).whenSettled(() => start(attempt + 1));
    });
  };
  start(1);
  return done;
}

/** How long to wait after attempt number `attempt`. */
function delayAfterMs(options: RetryOptions, attempt: number): number {
  const delayMs = options.firstRetryIntervalInMilliseconds * (options.backoffCoefficient ?? 1) ** (attempt - 1);
  return Math.min(delayMs, options.maxRetryIntervalInMilliseconds ?? Number.POSITIVE_INFINITY);
}

function hasTimedOut(options: RetryOptions, firstMs: number, nowMs: number): boolean {
  const limit = options.retryTimeoutInMilliseconds;
  return limit !== undefined && nowMs >= firstMs + limit;
}
