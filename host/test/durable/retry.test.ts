import { expect, test } from "vitest";
import type { RetryOptions } from "../../durable/engine/answer.js";
import type { TaskEnd } from "../../durable/engine/decisions.js";
import { Future } from "../../durable/engine/future.js";
import { type RetryEnd, retry } from "../../durable/engine/retry.js";

const FAILED: TaskEnd = { failed: true, nonRetriable: false };
const SUCCEEDED: TaskEnd = { failed: false, nonRetriable: false };

/** Runs `retry` over attempts that end as listed. Each attempt takes `attemptMs`, and every timer fires when it is due. */
function run(options: Omit<RetryOptions, "firstRetryIntervalInMilliseconds">, ends: TaskEnd[], attemptMs = 0) {
  let nowMs = 1_000;
  let attempts = 0;
  const waitsMs: number[] = [];
  let end: RetryEnd | undefined;
  retry(
    { firstRetryIntervalInMilliseconds: 100, ...options },
    {
      attempt: () => {
        nowMs += attemptMs;
        attempts += 1;
        return Future.settled(ends[attempts - 1] ?? FAILED);
      },
      now: () => nowMs,
      timer: (fireAtMs) => {
        waitsMs.push(fireAtMs - nowMs);
        nowMs = fireAtMs;
        return Future.settled(SUCCEEDED);
      },
    },
  ).whenSettled((value) => {
    end = value;
  });
  return { end, attempts, waitsMs };
}

test("the first try is attempt 1, and the maximum counts it", () => {
  const once = run({ maxNumberOfAttempts: 1 }, []);
  expect(once).toEqual({ end: "exhausted", attempts: 1, waitsMs: [0] });
  const thrice = run({ maxNumberOfAttempts: 3 }, []);
  expect(thrice).toEqual({ end: "exhausted", attempts: 3, waitsMs: [100, 100, 0] });
});

test("a success ends the attempts without another timer", () => {
  expect(run({ maxNumberOfAttempts: 5 }, [SUCCEEDED])).toEqual({ end: "succeeded", attempts: 1, waitsMs: [] });
  expect(run({ maxNumberOfAttempts: 3 }, [FAILED, FAILED, SUCCEEDED])).toEqual({
    end: "succeeded",
    attempts: 3,
    waitsMs: [100, 100],
  });
});

test("the wait after attempt 1 is the first interval; later waits grow by the coefficient up to the maximum", () => {
  const { waitsMs } = run({ maxNumberOfAttempts: 6, backoffCoefficient: 2, maxRetryIntervalInMilliseconds: 500 }, []);
  expect(waitsMs).toEqual([100, 200, 400, 500, 500, 0]);
});

test("an error that must not be retried, or a retryTimeout that has passed, gives up before the last attempt", () => {
  const nonRetriable = run({ maxNumberOfAttempts: 3 }, [FAILED, { failed: true, nonRetriable: true }]);
  expect(nonRetriable).toEqual({ end: "gave-up-early", attempts: 2, waitsMs: [100] });
  const timedOut = run({ maxNumberOfAttempts: 9, retryTimeoutInMilliseconds: 250 }, [], 100);
  expect(timedOut).toEqual({ end: "gave-up-early", attempts: 2, waitsMs: [100] });
});

test("after the last attempt the attempts are used up, whatever its error and the time", () => {
  const last = run({ maxNumberOfAttempts: 2, retryTimeoutInMilliseconds: 150 }, [
    FAILED,
    { failed: true, nonRetriable: true },
  ]);
  expect(last).toEqual({ end: "exhausted", attempts: 2, waitsMs: [100, 0] });
});

test("the next attempt starts only when the timer has fired", () => {
  const timer = new Future<TaskEnd>();
  let attempts = 0;
  retry(
    { firstRetryIntervalInMilliseconds: 100, maxNumberOfAttempts: 2 },
    {
      attempt: () => {
        attempts += 1;
        return Future.settled(FAILED);
      },
      now: () => 0,
      timer: () => timer,
    },
  );
  expect(attempts).toBe(1);
  timer.settle(SUCCEEDED);
  expect(attempts).toBe(2);
});
