import type { Clock } from "../domain/clock.js";
import { RecoveryError } from "../domain/errors.js";
import type { Store } from "../store/port.js";

/** How long an answer about a cancel is used again. */
const FRESH_MS = 250;
const MOST_ENTRIES = 1_000;

/** Every step asks whether its execution was cancelled; the answer is kept for a moment. */
export function cancelGuard(store: Store, clock: Clock): (executionId: string) => Promise<void> {
  const known = new Map<string, { untilMs: number; cancelled: Promise<boolean> }>();
  const look = async (executionId: string): Promise<boolean> =>
    (await store.getExecution(executionId))?.value.cancelRequest !== undefined;
  return async (executionId) => {
    let entry = known.get(executionId);
    if (entry === undefined || entry.untilMs < clock.now()) {
      if (known.size >= MOST_ENTRIES) known.clear();
      entry = { untilMs: clock.now() + FRESH_MS, cancelled: look(executionId) };
      known.set(executionId, entry);
    }
    if (await entry.cancelled) throw new RecoveryError("cancelled", "the execution was cancelled before this step");
  };
}
