import { sleep } from "../runtime/host-lifetime.js";
import type { Environment } from "./environment.js";

/** The timer that looks after executions comes every minute. While nothing changes it would find nothing new. */
const EVERY_MS = 60_000;
const SWEEPS_AFTER_A_CHANGE = 3;

/** Asks for a sweep at every minute in which there may be something to find. */
export async function sweepEveryMinute({ journal, clock, client }: Environment): Promise<void> {
  /** What an ended execution holds is looked at as time goes on, and so is who may not have heard of its cancel. */
  const stillHeld = (): boolean => journal.running.size === 0 && journal.held.size > 0;
  const matures = (): boolean => stillHeld() || journal.cancelled.size > 0;
  for (let left = SWEEPS_AFTER_A_CHANGE; ; left -= 1) {
    if (left <= 0 && !matures()) {
      await journal.change();
      left = SWEEPS_AFTER_A_CHANGE;
    }
    await sleep(clock, EVERY_MS);
    if (journal.running.size > 0 || stillHeld()) await client.sweep();
  }
}
