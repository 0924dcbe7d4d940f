import * as df from "durable-functions";
import { z } from "zod";
import { pollingContract } from "../../../src/durable/contract.js";
import { fiberRuntime, runFibers } from "../../../src/durable/fiber-scheduler.js";
import { pollUntilDone } from "../../../src/durable/poll-until-done.js";
import { Mailbox, sleep } from "../../../src/durable/wait.js";
import { ExecutionContext } from "../../../src/orchestrators/runtime/execution-workflow.js";

const word = z.object({ say: z.string() });

/** Listens as often as it is told, after a pause each time, and tells what it heard. */
df.app.orchestration("listen", function* listen(context) {
  const { listens } = context.df.getInput();
  const mailbox = new Mailbox(context, "word", word);
  const heard = [];
  for (const { afterMs, forMs } of listens) {
    if (afterMs > 0) yield* sleep(context, afterMs);
    const message = yield* mailbox.next(new Date(context.df.currentUtcDateTime.getTime() + forMs));
    heard.push(message?.say ?? null);
  }
  return { heard };
});

const work = pollingContract({
  name: "work",
  input: z.object({ of: z.string(), part: z.int() }),
  output: z.object({ made: z.string() }),
  retry: "hypervisor-call",
});

const LIMITS = { limitMs: 3_600_000, queueLimitMs: 3_600_000 };

function* makeParts(context, { of, parts }) {
  const made = [];
  try {
    for (let part = 1; part <= parts; part += 1) {
      made.push((yield* pollUntilDone(fiberRuntime(context), work, { of, part }, LIMITS)).made);
    }
    return { of, made };
  } catch (thrown) {
    return { of, made, failure: thrown.message };
  }
}

/** Runs fibers, and counts how often all of them were idle. */
df.app.orchestration("fibers", function* fibers(context) {
  const { fibers } = context.df.getInput();
  let idles = 0;
  const results = yield* runFibers(
    context,
    fibers.map((one) => ({ key: one.of, fiber: makeParts(context, one) })),
    () => {
      idles += 1;
    },
  );
  return { results, idles };
});

/** Asks for an approval, waits for news of it as an execution does, and tells its end. Counts the timers of all that. */
df.app.orchestration("approvers", function* approvers(context) {
  const { plan, ask, targets, escalatesAfterMs, waitMs, closing, replies } = context.df.getInput();
  let timers = 0;
  const createTimer = context.df.createTimer.bind(context.df);
  context.df.createTimer = (at) => {
    timers += 1;
    return createTimer(at);
  };
  const execution = new ExecutionContext(context, plan);
  execution.approvers.ask("requested", targets, ask);
  if (escalatesAfterMs !== undefined) {
    yield* execution.approvalNews(ask.approvalId, escalatesAfterMs);
    execution.approvers.ask("escalated", targets, ask);
  }
  yield* execution.approvalNews(ask.approvalId, waitMs);
  yield context.df.callActivity("heard", null);
  const timersOfWait = timers;
  if (closing !== undefined) execution.approvers.close(ask, closing, replies);
  yield* execution.approvers.drain();
  return { timersOfWait };
});
