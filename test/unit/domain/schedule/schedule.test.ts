import { Cron } from "croner";
import { describe, expect, test } from "vitest";
import { lastDue, nextDue, Schedule } from "../../../../src/domain/schedule/schedule.js";
import { FROM_MS, transitionsOf, UNTIL_MS, ZONES } from "./zones.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AMSTERDAM = "Europe/Amsterdam";
const CRONS = ["0 30 2 * * *", "0 0 9 13 * 5", "0 */20 1-3 * * *", "15 5 0 1 1,7 *", "0 45 23 * * 1-5"];

const dueAfter = (cron: string, timeZone: string, after: string): string =>
  new Date(nextDue({ cron, timeZone }, Date.parse(after)) ?? 0).toISOString();

/** A fixed sequence of numbers below 1. */
function* numbers(): Generator<number> {
  for (let value = 42; ; ) {
    value = (value * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield value / 2_147_483_648;
  }
}

describe("when a schedule is due (S2)", () => {
  test("in all zones over ten years it agrees with croner, away from changes of the clock", () => {
    const random = numbers();
    let compared = 0;
    for (const timeZone of ZONES) {
      const changes = transitionsOf(timeZone);
      for (const cron of CRONS) {
        const afterMs = Math.floor(FROM_MS + (random.next().value as number) * (UNTIL_MS - FROM_MS));
        const due = nextDue({ cron, timeZone }, afterMs);
        if (due === null || changes.some((at) => at > afterMs - DAY_MS && at < afterMs + DAY_MS)) continue;
        if (changes.some((at) => Math.abs(at - due) < DAY_MS)) continue;
        const oracle = new Cron(cron, { domAndDow: true, timezone: timeZone }).nextRun(new Date(afterMs));
        expect(new Date(due), `${cron} ${timeZone} after ${afterMs}`).toEqual(oracle);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(1_500);
  }, 60_000);

  test("a local time that is skipped moves by the change, and the next day is as ever", () => {
    expect(dueAfter("0 30 2 * * *", AMSTERDAM, "2026-03-28T12:00:00Z")).toBe("2026-03-29T01:30:00.000Z");
    expect(dueAfter("0 30 2 * * *", AMSTERDAM, "2026-03-29T01:30:00Z")).toBe("2026-03-30T00:30:00.000Z");
  });

  test("a local time that occurs twice is due once, the first time", () => {
    expect(dueAfter("0 30 2 * * *", AMSTERDAM, "2026-10-24T12:00:00Z")).toBe("2026-10-25T00:30:00.000Z");
    expect(dueAfter("0 30 2 * * *", AMSTERDAM, "2026-10-25T00:30:00Z")).toBe("2026-10-26T01:30:00.000Z");
  });

  test("moments are never out of order, and two that meet in a gap are one", () => {
    const schedule = { cron: "0 */15 1-4 * * *", timeZone: AMSTERDAM };
    const due: string[] = [];
    for (let ms = Date.parse("2026-03-29T00:50:00Z"); due.length < 6; ) {
      ms = nextDue(schedule, ms) ?? 0;
      due.push(new Date(ms).toISOString().slice(11, 16));
    }
    expect(due).toEqual(["01:00", "01:15", "01:30", "01:45", "02:00", "02:15"]);
  });

  test("of what was missed, the last one is named and all are counted", () => {
    const schedule = { cron: "0 0 * * * *", timeZone: "UTC" };
    const afterMs = Date.UTC(2026, 0, 1);
    expect(lastDue(schedule, { afterMs, untilMs: afterMs + 5.5 * HOUR_MS })).toEqual({
      dueMs: afterMs + 5 * HOUR_MS,
      count: 5,
    });
    expect(lastDue(schedule, { afterMs, untilMs: afterMs + 1 })).toBeNull();
  });

  test("a schedule that cannot be read is refused with what is wrong", () => {
    expect(Schedule.safeParse({ cron: "0 0 9 31 2 *" }).error?.issues[0]?.message).toContain("does not exist");
    expect(Schedule.safeParse({ cron: "0 0 9 * * *", timeZone: "Mars/Olympus" }).success).toBe(false);
  });
});
