import { sleep } from "../runtime/host-lifetime.js";
import type { Environment } from "./environment.js";

/** The sweep timer fires every minute. While nothing changes a sweep would find nothing new. */
const EVERY_MS = 60_000;
const SWEEPS_AFTER_A_CHANGE = 3;

/** Sweeps in every minute in which there may be something to find. */
export async function sweepEveryMinute({ journal, clock, client }: Environment): Promise<void> {
  /**
   * Items that an ended execution holds need sweeps as time passes, and so do executions that may not have seen their
   * cancel.
   */
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
