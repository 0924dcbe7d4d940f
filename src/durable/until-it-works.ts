import type { OrchestrationContext } from "durable-functions";
import type { z } from "zod";
import { callActivity, type Durable } from "./call.js";
import type { ActivityContract } from "./contract.js";
import { sleep } from "./wait.js";

/** Waits before a call is made again that kept failing: an hour at most, for about two days. */
const MAX_FAILURES = 50;
const FIRST_RETRY_MS = 60_000;
const MAX_RETRY_MS = 3_600_000;

/** Calls an activity until it answers. Nobody waits for it, and what it writes exists nowhere else. */
export function* untilItWorks<I extends z.ZodType, O extends z.ZodType>(
  context: OrchestrationContext,
  contract: ActivityContract<I, O>,
  input: z.input<I>,
): Durable<z.output<O>> {
  for (let failures = 0; ; failures += 1) {
    try {
      return yield* callActivity(context, contract, input);
    } catch (thrown) {
      if (failures >= MAX_FAILURES) throw thrown;
    }
    yield* sleep(context, Math.min(FIRST_RETRY_MS * 2 ** failures, MAX_RETRY_MS));
  }
}
