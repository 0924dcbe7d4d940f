import type { Delivered } from "../delivery/deliver.js";
import { toInstant } from "../domain/text.js";
import { type UndeliveredEvent, withUndelivered } from "../domain/undelivered.js";
import type { Ports } from "../ports.js";
import { updateWithRetry } from "../store/port.js";

/** One attempt to tell somebody something, and how it came out. */
export interface Attempted {
  key: string;
  event: UndeliveredEvent;
  /** The address as it may be shown. */
  url: string;
  attempt: number;
  /** An earlier attempt left a trace, although this is the first one of a new series. */
  isNoted?: boolean;
  retryAfterMs: number | null;
  answer: Delivered;
}

/** Leaves the trace of what was not taken, removes that of what was taken later, and ends that of what is `dropped`. */
export async function noteAttempts(
  { store, clock }: Ports,
  executionId: string,
  sent: readonly Attempted[],
  dropped: readonly string[] = [],
): Promise<void> {
  if (
    dropped.length === 0 &&
    sent.every(({ answer, attempt, isNoted }) => answer.delivered && attempt === 1 && !isNoted)
  )
    return;
  const nowMs = clock.now();
  const attempts = sent.map(({ key, event, url, attempt, retryAfterMs, answer }) => ({
    key,
    failed: answer.delivered
      ? null
      : {
          ...{ event, url, attempts: attempt, why: answer.why.slice(0, 500) },
          nextAttemptAt: retryAfterMs === null || answer.gone ? null : toInstant(nowMs + retryAfterMs),
        },
  }));
  try {
    await updateWithRetry(
      () => store.getExecution(executionId),
      (found) => {
        if (!found) return { answer: undefined };
        const before = (found.value.undelivered ?? []).map((one) =>
          dropped.includes(one.key) ? { ...one, nextAttemptAt: null } : one,
        );
        const undelivered = withUndelivered(before, attempts, toInstant(nowMs));
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
