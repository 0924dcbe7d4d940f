/**
 * The grammar of schedules: NCRONTAB, as the timers of Azure Functions have it. The embedded host has a parser of its own,
 * because host and app import nothing of each other; both read test/support/ncrontab-vectors.json in their tests.
 *
 * G1. Six fields (second minute hour day month weekday), or five without the second, which is then 0. A field has `*`,
 *     numbers, names of months and weekdays, ranges, lists and steps; nothing else. (test/unit/domain/schedule/ncrontab.test.ts)
 * G2. A date matches when the day of the month AND the weekday match. (same file, against croner)
 */

/** The allowed values of each field. */
export interface Ncrontab {
  readonly seconds: ReadonlySet<number>;
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  /** 1 to 12. */
  readonly months: ReadonlySet<number>;
  /** 0 to 6, Sunday first. */
  readonly weekdays: ReadonlySet<number>;
}

const MONTHS = [
  ...["january", "february", "march", "april", "may", "june"],
  ...["july", "august", "september", "october", "november", "december"],
];
const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/** What a field may hold. `names` are counted from `min`, and their first three letters mean the same. */
interface Field {
  name: string;
  min: number;
  max: number;
  names?: readonly string[];
}

const FIELDS: readonly [Field, Field, Field, Field, Field, Field] = [
  { name: "second", min: 0, max: 59 },
  { name: "minute", min: 0, max: 59 },
  { name: "hour", min: 0, max: 23 },
  { name: "day", min: 1, max: 31 },
  { name: "month", min: 1, max: 12, names: MONTHS },
  { name: "day-of-week", min: 0, max: 6, names: WEEKDAYS },
];

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** 29 February on a given weekday returns after 40 years at the latest. */
const MAX_GAP_MS = 41 * 366 * DAY_MS;

/** @throws Error that says what is wrong */
export function parseNcrontab(text: string): Ncrontab {
  const given = text.trim().split(/\s+/);
  if (given.length !== 5 && given.length !== 6) {
    throw new Error(`"${text}" has ${given.length} fields; NCRONTAB has six: second minute hour day month day-of-week`);
  }
  const fields = given.length === 5 ? ["0", ...given] : given;
  const at = (index: 0 | 1 | 2 | 3 | 4 | 5) => valuesOf(FIELDS[index], fields[index] ?? "");
  const crontab = {
    ...{ seconds: at(0), minutes: at(1), hours: at(2) },
    ...{ days: at(3), months: at(4), weekdays: at(5) },
  };
  if (nextWallTime(crontab, 0) === undefined) throw new Error(`"${text}" names a date that does not exist`);
  return crontab;
}

function valuesOf(field: Field, text: string): ReadonlySet<number> {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step, ...rest] = part.split("/");
    const every = step === undefined ? 1 : (wholeNumber(step) ?? 0);
    const ends = rangeOf(field, range, step !== undefined);
    if (rest.length > 0 || every < 1 || ends === undefined || ends.from > ends.to)
      throw new Error(complaint(field, text));
    for (let value = ends.from; value <= ends.to; value += every) values.add(value);
  }
  return values;
}

const complaint = ({ name, min, max }: Field, text: string): string =>
  `"${text}" is not a valid ${name} field: use *, numbers from ${min} to ${max}, ranges, lists and steps`;

/** A single number with a step (`5/15`) begins a range up to the maximum. */
function rangeOf(field: Field, text: string, hasStep: boolean): { from: number; to: number } | undefined {
  if (text === "*") return { from: field.min, to: field.max };
  const ends = text.split("-").map((end) => numberIn(field, end));
  const [from, to = hasStep ? field.max : from] = ends;
  if (ends.length > 2 || ends.includes(undefined) || from === undefined || to === undefined) return undefined;
  return { from, to };
}

function numberIn({ min, max, names = [] }: Field, text: string): number | undefined {
  const word = text.toLowerCase();
  const named = names.findIndex((name) => name === word || name.slice(0, 3) === word);
  const value = named >= 0 ? named + min : wholeNumber(text);
  return value === undefined || value < min || value > max ? undefined : value;
}

const wholeNumber = (text: string): number | undefined => (/^\d{1,3}$/.test(text) ? Number(text) : undefined);

/**
 * The first matching wall time after `afterWall`; undefined if there is none. Wall time is local time as if it were UTC,
 * so it has no jumps. It moves by the largest unit that does not match, so a distant date takes few steps.
 */
export function nextWallTime(crontab: Ncrontab, afterWall: number): number | undefined {
  const limit = afterWall + MAX_GAP_MS;
  let wall = (Math.floor(afterWall / SECOND_MS) + 1) * SECOND_MS;
  while (wall <= limit) {
    const at = new Date(wall);
    if (!crontab.months.has(at.getUTCMonth() + 1)) wall = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
    else if (!(crontab.days.has(at.getUTCDate()) && crontab.weekdays.has(at.getUTCDay())))
      wall = nextMultiple(wall, DAY_MS);
    else if (!crontab.hours.has(at.getUTCHours())) wall = nextMultiple(wall, HOUR_MS);
    else if (!crontab.minutes.has(at.getUTCMinutes())) wall = nextMultiple(wall, 60 * SECOND_MS);
    else if (!crontab.seconds.has(at.getUTCSeconds())) wall += SECOND_MS;
    else return wall;
  }
  return undefined;
}

const nextMultiple = (value: number, unit: number): number => (Math.floor(value / unit) + 1) * unit;
