import type { Clock } from "../domain/clock.js";
import { RecoveryError } from "../domain/errors.js";
import { CANCEL_PROPAGATION_MS } from "../domain/execution.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import type { Ports } from "../ports.js";
import type { Store } from "../store/port.js";

const MAX_ENTRIES = 1_000;

type Over = "cancelled" | "execution-ended" | null;

/**
 * Every step asks whether its execution was cancelled or has ended. An answer is cached for the time that a cancel may
 * take to reach every process, and not longer when the clock is set back.
 */
export function executionGuard(store: Store, clock: Clock): Ports["assertActive"] {
  const known = new Map<string, { atMs: number; over: Promise<Over> }>();
  const look = async (executionId: string): Promise<Over> => {
    const execution = (await store.getExecution(executionId))?.value;
    if (execution !== undefined && isEnded(execution.status)) return "execution-ended";
    return execution?.cancelRequest === undefined ? null : "cancelled";
  };
  return async (executionId, direction) => {
    let entry = known.get(executionId);
    const atMs = clock.now();
    if (entry === undefined || Math.abs(atMs - entry.atMs) > CANCEL_PROPAGATION_MS) {
      if (known.size >= MAX_ENTRIES) known.clear();
      entry = { atMs, over: look(executionId) };
      known.set(executionId, entry);
    }
    const over = await entry.over;
    if (over === "cancelled" && direction === "forward")
      throw new RecoveryError(over, "the execution was cancelled before this step");
    if (over === "execution-ended") throw new RecoveryError(over, "the execution had ended before this step");
  };
}
