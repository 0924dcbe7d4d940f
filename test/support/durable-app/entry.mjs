import * as df from "durable-functions";
import { z } from "zod";
import { pollingContract } from "../../../src/durable/contract.js";
import { fiberRuntime, runFibers } from "../../../src/durable/fiber-scheduler.js";
import { pollUntilDone } from "../../../src/durable/poll-until-done.js";
import { Mailbox, sleep } from "../../../src/durable/wait.js";

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
