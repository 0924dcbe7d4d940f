import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Ncrontab, nextOccurrence, parseNcrontab } from "../../timers/ncrontab.js";
import { isFrequent, parseSchedule } from "../../timers/schedule.js";
import { parseTimeSpan } from "../../timers/time-span.js";

const at = (text: string): number => new Date(text).getTime();
const next = (schedule: string, after: string): string => local(parseSchedule(schedule).nextAfter(at(after)));

/** Local time, as schedules mean it. */
function local(ms: number): string {
  const d = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, "0");
  const date = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return `${date}T${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

describe("NCRONTAB", () => {
  test.each([
    ["0 */5 * * * *", "2026-03-04T10:03:00", "2026-03-04T10:05:00"],
    ["*/5 * * * *", "2026-03-04T10:03:00", "2026-03-04T10:05:00"],
    ["30 0 2 * * *", "2026-03-04T10:00:00", "2026-03-05T02:00:30"],
    ["0 0 9-17/4 * * *", "2026-03-04T10:00:00", "2026-03-04T13:00:00"],
    ["0 5/20 * * * *", "2026-03-04T10:26:00", "2026-03-04T10:45:00"],
    ["0 0 0 * Feb,MAR mon", "2026-03-31T00:00:00", "2027-02-01T00:00:00"],
    ["0 0 0 * * sunday", "2026-03-04T00:00:00", "2026-03-08T00:00:00"],
    ["0 0 0 * * 0", "2026-03-04T00:00:00", "2026-03-08T00:00:00"],
    ["0 0 0 29 2 *", "2026-03-04T00:00:00", "2028-02-29T00:00:00"],
    ["0 0 0 31 * *", "2026-03-31T00:00:00", "2026-05-31T00:00:00"],
  ])("%s after %s is %s", (schedule, after, expected) => {
    expect(next(schedule, after)).toBe(expected);
  });

  test("a restricted day and weekday must both fit", () => {
    expect(next("0 0 0 13 * fri", "2026-03-14T00:00:00")).toBe("2026-11-13T00:00:00");
  });

  test("an occurrence is later than the given time", () => {
    expect(next("0 0 * * * *", "2026-03-04T10:00:00")).toBe("2026-03-04T11:00:00");
    expect(next("0 0 * * * *", "2026-03-04T09:59:59.999")).toBe("2026-03-04T10:00:00");
  });

  test.each([
    "60 * * * * *",
    "* * 24 * * *",
    "* * * 0 * *",
    "* * * * 13 *",
    "* * * * * 7",
    "* * * L * *",
    "* * * ? * *",
    "* * * 15W * *",
    "* * * * * 5#3",
    "*/0 * * * * *",
    "5-1 * * * * *",
    "1,,2 * * * * *",
    "1/2/3 * * * * *",
    "-1 * * * * *",
    "0 0 0 31 2 *",
    "fri * * * * *",
  ])("%s is refused", (text) => {
    expect(() => parseSchedule(text)).toThrow();
  });

  test("occurrences are those that counting every second finds", () => {
    const field = (least: number, most: number) =>
      fc.oneof(
        fc.constant("*"),
        fc.integer({ min: least, max: most }).map(String),
        fc
          .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
          .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
        fc.integer({ min: 2, max: 20 }).map((step) => `*/${step}`),
        fc
          .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
          .map(([a, b]) => `${a},${b}`),
      );
    const crontabs = fc.tuple(
      field(0, 59),
      field(0, 59),
      field(0, 23),
      fc.constant("*"),
      fc.constant("*"),
      field(0, 6),
    );
    const moments = fc.integer({ min: at("2026-01-01T00:00:00"), max: at("2026-02-20T00:00:00") });
    fc.assert(
      fc.property(crontabs, moments, (fields, afterMs) => {
        const crontab = parseNcrontab(fields.join(" "));
        if (!crontab) throw new Error("six fields are NCRONTAB");
        const found = nextOccurrence(crontab, afterMs);
        expect(found).toBeGreaterThan(afterMs);
        expect(found).toBe(firstByCounting(crontab, afterMs, found));
      }),
      { numRuns: 150 },
    );
  });

  function firstByCounting(crontab: Ncrontab, afterMs: number, untilMs: number): number | undefined {
    const first = Math.floor(afterMs / 1000) * 1000 + 1000;
    for (let ms = first; ms <= untilMs; ms += 1000) if (fits(crontab, new Date(ms))) return ms;
    return undefined;
  }

  const fits = (crontab: Ncrontab, d: Date): boolean =>
    crontab.seconds.has(d.getSeconds()) &&
    crontab.minutes.has(d.getMinutes()) &&
    crontab.hours.has(d.getHours()) &&
    crontab.days.has(d.getDate()) &&
    crontab.months.has(d.getMonth() + 1) &&
    crontab.weekdays.has(d.getDay());
});

describe("clock changes", () => {
  // 2026 in Amsterdam: 29 March 02:00 becomes 03:00, 25 October 03:00 becomes 02:00.
  const inAmsterdam = (work: () => void): void => {
    const before = process.env["TZ"];
    process.env["TZ"] = "Europe/Amsterdam";
    try {
      work();
    } finally {
      if (before === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before;
    }
  };
  const utcNext = (text: string, afterUtc: string): string =>
    new Date(parseSchedule(text).nextAfter(at(afterUtc))).toISOString();

  test("a fixed hour that is skipped runs an hour later, once", () => {
    inAmsterdam(() => {
      expect(utcNext("0 30 2 * * *", "2026-03-28T12:00:00Z")).toBe("2026-03-29T01:30:00.000Z");
      expect(utcNext("0 30 2 * * *", "2026-03-29T01:30:00Z")).toBe("2026-03-30T00:30:00.000Z");
    });
  });

  test("a fixed hour that comes twice runs once", () => {
    inAmsterdam(() => {
      expect(utcNext("0 30 2 * * *", "2026-10-24T12:00:00Z")).toBe("2026-10-25T00:30:00.000Z");
      expect(utcNext("0 30 2 * * *", "2026-10-25T00:30:00Z")).toBe("2026-10-26T01:30:00.000Z");
    });
  });

  test("a schedule of every hour keeps its pace", () => {
    inAmsterdam(() => {
      expect(utcNext("0 30 * * * *", "2026-10-25T00:30:00Z")).toBe("2026-10-25T01:30:00.000Z");
      expect(utcNext("0 30 * * * *", "2026-03-29T00:30:00Z")).toBe("2026-03-29T01:30:00.000Z");
    });
  });
});

describe("time spans", () => {
  test.each([
    ["00:00:10", 10_000],
    ["01:30", 5_400_000],
    ["1.00:00:00", 86_400_000],
    ["24:00:00", 24 * 86_400_000],
    ["00:00:00.5000000", 500],
    ["2.03:04:05", 2 * 86_400_000 + 3 * 3_600_000 + 4 * 60_000 + 5_000],
  ])("%s is %i ms", (text, ms) => {
    expect(parseTimeSpan(text)).toBe(ms);
  });

  test.each(["", "soon", "10", "00:60:00", "00:00:61", "-00:00:01", "00:00:00"])("%s is not a schedule", (text) => {
    expect(() => parseSchedule(text)).toThrow(/neither NCRONTAB/);
  });

  test("less than a minute between runs is frequent", () => {
    const frequent = (text: string): boolean => isFrequent(parseSchedule(text), at("2026-01-01T00:00:00"));
    expect(frequent("00:00:59")).toBe(true);
    expect(frequent("00:01:00")).toBe(false);
    expect(frequent("0,30 0 * * * *")).toBe(true);
    expect(frequent("0 * * * * *")).toBe(false);
  });
});
