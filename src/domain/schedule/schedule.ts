/**
 * When a schedule is due.
 *
 * S1. Zones live here, in our data: no timer of a host has one. What is due is computed from the name of the zone and the
 *     tables of the engine, whose version is recorded with it.
 * S2. Each matching local time gives one moment: the first one in an overlap, and the moved one in a gap; two that meet
 *     are one. (test/unit/domain/schedule/schedule.test.ts, against croner in all zones over ten years)
 */

import { z } from "zod";
import { messageOf } from "../errors.js";
import { nextWallTime, parseNcrontab } from "./ncrontab.js";
import { isTimeZone, momentOf, offsetAt, wallTimeOf } from "./time-zone.js";

const Cron = z
  .string()
  .min(9)
  .max(200)
  .superRefine((text, context) => {
    try {
      parseNcrontab(text);
    } catch (thrown) {
      context.addIssue({ code: "custom", message: messageOf(thrown) });
    }
  })
  .describe("NCRONTAB: {second} {minute} {hour} {day} {month} {day-of-week}; a day must match both of its fields");

const TimeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, "use the name of a zone of the IANA database, such as Europe/Amsterdam")
  .describe("in which the schedule is read, such as `Europe/Amsterdam`");

export const Schedule = z.strictObject({ cron: Cron, timeZone: TimeZone.default("UTC") });
export type Schedule = z.infer<typeof Schedule>;

const DAY_MS = 86_400_000;

/** The first moment after `afterMs` at which the schedule is due; null if there is none. */
export function nextDue({ cron, timeZone }: Schedule, afterMs: number): number | null {
  const crontab = parseNcrontab(cron);
  // Local times of a gap are moved behind others, so those of a gap of the last day are looked at again.
  const jumped = offsetAt(timeZone, afterMs) - offsetAt(timeZone, afterMs - DAY_MS);
  let wall = nextWallTime(crontab, wallTimeOf(timeZone, afterMs) - Math.max(0, jumped) - 1_000);
  let moved: number | null = null;
  while (wall !== undefined) {
    const { ms, skipped } = momentOf(timeZone, wall);
    if (ms > afterMs && !skipped) return moved === null ? ms : Math.min(moved, ms);
    if (ms > afterMs) moved ??= ms;
    wall = nextWallTime(crontab, wall);
  }
  return moved;
}

/** The last moment after `afterMs` and until `untilMs` at which the schedule is due, and how many there are. */
export function lastDue(
  schedule: Schedule,
  { afterMs, untilMs }: { afterMs: number; untilMs: number },
): { dueMs: number; count: number } | null {
  let count = 0;
  let lastMs = afterMs;
  for (;;) {
    const dueMs = nextDue(schedule, lastMs);
    if (dueMs === null || dueMs > untilMs) return count === 0 ? null : { dueMs: lastMs, count };
    lastMs = dueMs;
    count += 1;
  }
}
