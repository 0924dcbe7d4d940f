import { sleep } from "../machine/life.js";
import type { Town } from "./town.js";

/** The timer that looks after executions comes every minute. While nothing changes it would find nothing new. */
const EVERY_MS = 60_000;
const SWEEPS_AFTER_A_CHANGE = 3;

/** Asks for a sweep at every minute in which there may be something to find. */
export async function sweepEveryMinute(town: Town): Promise<void> {
  const { journal, clock, client } = town;
  for (let left = SWEEPS_AFTER_A_CHANGE; ; left -= 1) {
    if (left === 0) {
      await journal.change();
      left = SWEEPS_AFTER_A_CHANGE;
    }
    await sleep(clock, EVERY_MS);
    if (journal.running.size > 0 || town.mended) await client.sweep();
  }
}
