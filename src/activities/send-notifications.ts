import type { z } from "zod";
import { toInstant } from "../domain/text.js";
import { withUndelivered } from "../domain/undelivered.js";
import { sendNotifications as contract } from "../executions/contracts.js";
import type { Ports } from "../ports.js";
import { updateWithRetry } from "../store/port.js";
import { activity } from "./activity.js";
import { type Delivered, deliver } from "./webhook/deliver.js";

/** The recovery waits for this call, so it is short. */
const TIMEOUT_MS = 5_000;

type Message = z.output<typeof contract.input>["messages"][number];

export const sendNotifications = activity(contract, async (ports, { executionId, messages }) => {
  const sent = await Promise.all(
    messages.map(async (message) => ({ message, answer: await attempt(ports, executionId, message) })),
  );
  await noteFailures(ports, executionId, sent);
  return { results: sent.map(({ message: { key }, answer }) => ({ key, result: resultOf(answer) })) };
});

function resultOf(answer: Delivered): "delivered" | "failed" | "timed-out" {
  if (answer.delivered) return "delivered";
  return answer.timedOut ? "timed-out" : "failed";
}

/** An address that is not allowed is no reason to stop either. */
async function attempt(ports: Ports, executionId: string, message: Message): Promise<Delivered> {
  try {
    return await deliver(ports, { executionId, timeoutMs: TIMEOUT_MS, ...message });
  } catch (thrown) {
    return { delivered: false, why: thrown instanceof Error ? thrown.message : "unknown", timedOut: false };
  }
}

/** Leaves the trace of what was not taken, and removes that of what was taken later. */
async function noteFailures(
  { store, clock }: Ports,
  executionId: string,
  sent: readonly { message: Message; answer: Delivered }[],
): Promise<void> {
  if (sent.every(({ message, answer }) => answer.delivered && message.attempt === 1)) return;
  const nowMs = clock.now();
  const attempts = sent.map(({ message: { key, event, url, attempt, retryAfterMs }, answer }) => ({
    key,
    failed: answer.delivered
      ? null
      : {
          ...{ event, url, attempts: attempt, why: answer.why.slice(0, 500) },
          nextAttemptAt: retryAfterMs === null ? null : toInstant(nowMs + retryAfterMs),
        },
  }));
  try {
    await updateWithRetry(
      () => store.getExecution(executionId),
      (found) => {
        if (!found) return { answer: undefined };
        const undelivered = withUndelivered(found.value.undelivered ?? [], attempts, toInstant(nowMs));
        return {
          answer: undefined,
          write: () => store.updateExecution({ ...found.value, undelivered }, found.etag),
        };
      },
    );
  } catch {
    // The record cannot be written now. The next attempt notes it again.
  }
}
