import { describe, expect, test } from "vitest";
import { z } from "zod";
import { pollingContract } from "../../../src/durable/contract.js";
import {
  type PollRequest,
  type PollResult,
  pollUntilDone,
  type StepRuntime,
  waiting,
} from "../../../src/durable/poll-until-done.js";

const contract = pollingContract({ name: "work", input: z.object({}), output: z.object({}), retry: "none" });
const MINUTE_MS = 60_000;
const LIMITS = { limitMs: 15 * MINUTE_MS, queueLimitMs: 240 * MINUTE_MS };

/** Polls with these answers, each after its wait, and returns the requests and what was heard of the standing. */
function polled(answers: readonly PollResult<object>[]) {
  let nowMs = 0;
  const requests: PollRequest[] = [];
  const heard: string[] = [];
  const runtime: StepRuntime<never> = {
    now: () => nowMs,
    *call(_contract, input) {
      const { request } = input as { request: PollRequest };
      requests.push(request);
      return answers[request.round];
    },
    *sleep(waitMs) {
      nowMs += waitMs;
    },
  };
  pollUntilDone(runtime, contract, {}, LIMITS, (standing) => heard.push(standing)).next();
  return { requests, heard };
}

const done: PollResult<object> = { state: "done", result: {} };

describe("the limit of a step", () => {
  test("counts from its first call", () => {
    const { requests, heard } = polled([waiting(MINUTE_MS), waiting(MINUTE_MS), done]);
    expect(requests.map(({ sinceMs, deadlineMs }) => [sinceMs, deadlineMs])).toEqual(
      requests.map(() => [0, 15 * MINUTE_MS]),
    );
    expect(heard).toEqual([]);
  });

  test("counts anew once the step leaves the queue, where only the queue's limit counts", () => {
    const queued = waiting(30 * MINUTE_MS, { queued: true });
    const { requests, heard } = polled([queued, queued, waiting(MINUTE_MS), done]);
    expect(requests.map(({ deadlineMs }) => deadlineMs / MINUTE_MS)).toEqual([15, 240, 240, 75]);
    expect(requests.map(({ queued: before = false }) => before)).toEqual([false, true, true, false]);
    expect(heard).toEqual(["queued", "under-way"]);
  });

  test("counts in a queue that does not move, because what is before it hangs", () => {
    const behind = waiting(5 * MINUTE_MS, { queued: true, stuck: "hanging" });
    const { requests } = polled([behind, behind, done]);
    expect(requests.map(({ deadlineMs }) => deadlineMs / MINUTE_MS)).toEqual([15, 15, 15]);
    expect(requests.at(-1)?.queued).toBe(true);
  });
});

test("a step that goes on or ends is no longer said to be stuck", () => {
  const hanging = waiting(MINUTE_MS, { stuck: "hanging" });
  expect(polled([hanging, hanging, waiting(MINUTE_MS), hanging, done]).heard).toEqual([
    "hanging",
    "under-way",
    "hanging",
    "under-way",
  ]);
});
