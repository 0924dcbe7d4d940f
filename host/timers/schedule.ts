import { nextOccurrence, parseNcrontab } from "./ncrontab.js";
import { parseTimeSpan } from "./time-span.js";

export interface Schedule {
  text: string;
  /** The first run after `afterMs` (milliseconds since the epoch). */
  nextAfter(afterMs: number): number;
  /** Whether clock changes affect it, because it names hours and not an interval. */
  adjustForDst: boolean;
}

const MINUTE_MS = 60_000;

/**
 * Reads an NCRONTAB text or a time span between runs.
 *
 * @throws Error that says what is wrong
 */
export function parseSchedule(text: string): Schedule {
  const crontab = parseNcrontab(text);
  if (crontab) {
    return { text, nextAfter: (afterMs) => nextOccurrence(crontab, afterMs), adjustForDst: crontab.hours.size < 24 };
  }
  const intervalMs = parseTimeSpan(text);
  if (intervalMs === undefined || intervalMs <= 0) {
    throw new Error(
      `"${text}" is neither NCRONTAB ({second} {minute} {hour} {day} {month} {day-of-week}) nor a time span (hh:mm:ss)`,
    );
  }
  return { text, nextAfter: (afterMs) => afterMs + intervalMs, adjustForDst: false };
}

/** Whether two runs may be less than a minute apart. The status of such a timer is not worth storing. */
export function isFrequent(schedule: Schedule, nowMs: number): boolean {
  let at = schedule.nextAfter(nowMs);
  for (let run = 0; run < 5; run++) {
    const next = schedule.nextAfter(at);
    if (next - at < MINUTE_MS) return true;
    at = next;
  }
  return false;
}
