import type { Boundary } from "../evidence.js";
import type { Random } from "../random.js";
import type { Fault } from "./faults.js";

/** Calls that are made while executions wait, and how many of them a run may see. */
const WHILE_WAITING: Partial<Record<Boundary, number>> = { request: 80, "table-read": 2_000, "inbox-append": 25 };

const MINUTE_MS = 60_000;
const HALF_A_DAY_MS = 12 * 60 * MINUTE_MS;

/** Clocks that somebody sets forward or back, by minutes or by hours. The next jump begins at the true time again. */
export function generateClockJumps(random: Random): Fault[] {
  const count = Number(random.weighted({ 0: 6, 1: 2, 3: 2 }));
  return Array.from({ length: count }, (_, index): Fault => {
    const own = random.fork(`${index}`);
    const at = own.pick(Object.keys(WHILE_WAITING) as Boundary[]);
    const nth = own.skewed(1, WHILE_WAITING[at] ?? 1);
    const skewMs = own.pick([-1, 1]) * own.skewed(MINUTE_MS, HALF_A_DAY_MS);
    return { id: `clock-jump/${index}`, kind: "clock-jump", at, nth, skewMs };
  });
}
