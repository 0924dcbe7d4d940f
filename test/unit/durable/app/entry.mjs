import * as df from "durable-functions";
import { z } from "zod";
import { levelContract } from "../../../../src/durable/contract.js";
import { sideBySide, waysBeside } from "../../../../src/durable/side-by-side.js";
import { untilDone } from "../../../../src/durable/until-done.js";
import { Mailbox, pause } from "../../../../src/durable/wait.js";

const word = z.object({ say: z.string() });

/** Listens as often as it is told, after a pause each time, and tells what it heard. */
df.app.orchestration("listen", function* listen(context) {
  const { listens } = context.df.getInput();
  const mailbox = new Mailbox(context, "word", word);
  const heard = [];
  for (const { afterMs, forMs } of listens) {
    if (afterMs > 0) yield* pause(context, afterMs);
    const message = yield* mailbox.next(new Date(context.df.currentUtcDateTime.getTime() + forMs));
    heard.push(message?.say ?? null);
  }
  return { heard };
});

const work = levelContract({
  name: "work",
  input: z.object({ of: z.string(), part: z.int() }),
  output: z.object({ made: z.string() }),
  retry: "hypervisor-call",
});

function* story(context, { of, parts }) {
  const made = [];
  try {
    for (let part = 1; part <= parts; part += 1) {
      made.push((yield* untilDone(waysBeside(context), work, { of, part }, 3_600_000)).made);
    }
    return { of, made };
  } catch (thrown) {
    return { of, made, failure: thrown.message };
  }
}

/** Tells stories side by side, and counts how often all were at rest. */
df.app.orchestration("tell", function* tell(context) {
  const { stories } = context.df.getInput();
  let rests = 0;
  const told = yield* sideBySide(
    context,
    stories.map((one) => story(context, one)),
    () => {
      rests += 1;
    },
  );
  return { told, rests };
});
