import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import type { EstateClock } from "../domain/worlds/estate-clock.js";
import type { Services } from "./context.js";

/**
 * The clock that an execution recorded its moments by; null when it is gone. An estate that was imported since the start
 * of the execution has another clock.
 */
export async function recordedClockOf({ estate, store }: Services, execution: Execution): Promise<EstateClock | null> {
  const { worldId, requestedAt } = execution;
  try {
    if (!("outcomes" in execution)) return await estate.clock(worldId); // it holds its world
    const [world, clock] = await Promise.all([store.getWorld(worldId), estate.clock(worldId)]);
    return world === null || world.importedAt > requestedAt ? null : clock;
  } catch (thrown) {
    // The record is shown also when its world is gone or damaged.
    if (thrown instanceof RecoveryError) return null;
    throw thrown;
  }
}
