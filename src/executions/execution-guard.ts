import type { Clock } from "../domain/clock.js";
import { RecoveryError } from "../domain/errors.js";
import { CANCEL_PROPAGATION_MS } from "../domain/execution.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import type { Steered } from "../domain/steering/in-force.js";
import type { Ports } from "../ports.js";
import type { Store } from "../store/port.js";

const MAX_ENTRIES = 1_000;

/**
 * Every step asks whether its execution was cancelled or has ended, and how it was steered. An answer is cached for the
 * time that a cancel may take to reach every process, and not longer when the clock is set back.
 */
export function executionGuard(store: Store, clock: Clock): Pick<Ports, "assertActive" | "steeringOf"> {
  const known = new Map<string, { atMs: number; found: Promise<Steered | null> }>();
  const look = async (executionId: string): Promise<Steered | null> => {
    const execution = (await store.getExecution(executionId))?.value;
    if (execution === undefined) return null;
    const { verb, status, cancelRequest, steering } = execution; // a whole record may be large
    return { verb, status, cancelRequest, steering };
  };
  const steeringOf: Ports["steeringOf"] = async (executionId, fresh = false) => {
    const entry = known.get(executionId);
    const atMs = clock.now();
    if (entry !== undefined && !fresh && Math.abs(atMs - entry.atMs) <= CANCEL_PROPAGATION_MS) return entry.found;
    if (known.size >= MAX_ENTRIES) known.clear();
    const found = look(executionId);
    known.set(executionId, { atMs, found });
    return found;
  };
  const assertActive: Ports["assertActive"] = async (executionId, direction) => {
    const execution = await steeringOf(executionId);
    if (execution === null) return;
    if (isEnded(execution.status))
      throw new RecoveryError("execution-ended", "the execution had ended before this step");
    if (execution.cancelRequest !== undefined && direction === "forward")
      throw new RecoveryError("cancelled", "the execution was cancelled before this step");
  };
  return { assertActive, steeringOf };
}
