import type { Clock } from "../domain/clock.js";
import { RecoveryError } from "../domain/errors.js";
import { CANCEL_PROPAGATION_MS, type Execution } from "../domain/execution.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import type { Steered } from "../domain/steering/in-force.js";
import type { Ports } from "../ports.js";
import type { Store } from "../store/port.js";

const MAX_ENTRIES = 1_000;

/**
 * Every step asks whether its execution was cancelled or has ended, and how it was steered. An answer is cached for the
 * time that a cancel may take to reach every process, and not longer when the clock is set back.
 */
export function executionGuard(
  store: Store,
  clock: Clock,
): Pick<Ports, "assertActive" | "steeringOf" | "executionNow"> {
  const known = new Map<string, { atMs: number; found: Promise<Steered | null> }>();
  const remember = (executionId: string, atMs: number, read: Promise<Execution | null>): Promise<Steered | null> => {
    if (known.size >= MAX_ENTRIES) known.clear();
    const found = read.then(steeredOf);
    known.set(executionId, { atMs, found });
    return found;
  };
  const read = async (executionId: string): Promise<Execution | null> =>
    (await store.getExecution(executionId))?.value ?? null;
  const steeringOf: Ports["steeringOf"] = async (executionId, fresh = false) => {
    const entry = known.get(executionId);
    const atMs = clock.now();
    if (entry !== undefined && !fresh && Math.abs(atMs - entry.atMs) <= CANCEL_PROPAGATION_MS) return entry.found;
    return remember(executionId, atMs, read(executionId));
  };
  const executionNow: Ports["executionNow"] = async (executionId) => {
    const now = read(executionId);
    await remember(executionId, clock.now(), now);
    return now;
  };
  const assertActive: Ports["assertActive"] = async (executionId, direction) => {
    const execution = await steeringOf(executionId);
    if (execution === null) return;
    if (isEnded(execution.status))
      throw new RecoveryError("execution-ended", "the execution had ended before this step");
    if (execution.cancelRequest !== undefined && direction === "forward")
      throw new RecoveryError("cancelled", "the execution was cancelled before this step");
  };
  return { assertActive, steeringOf, executionNow };
}

/** A whole record may be large, and is not kept. */
function steeredOf(execution: Execution | null): Steered | null {
  if (execution === null) return null;
  const { verb, status, cancelRequest, steering } = execution;
  return { verb, status, cancelRequest, steering };
}
