/** Allowed values of each field, in the order of the text. */
export interface Ncrontab {
  seconds: ReadonlySet<number>;
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  days: ReadonlySet<number>;
  /** 1 to 12. */
  months: ReadonlySet<number>;
  /** 0 to 6, Sunday first. */
  weekdays: ReadonlySet<number>;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const LONG_NAMES = [
  "january february march april may june july august september october november december".split(" "),
  "sunday monday tuesday wednesday thursday friday saturday".split(" "),
] as const;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** 29 February on one weekday comes back after 40 years at the latest. */
const LONGEST_GAP_MS = 41 * 366 * DAY_MS;

/**
 * Reads six fields (second minute hour day month weekday), or five, which begin with the minute and mean second 0.
 * Fields are `*`, numbers, names of months and weekdays, ranges, lists and steps; nothing else is NCRONTAB.
 *
 * @returns undefined when the text has another number of fields and so is meant as something else
 * @throws Error saying which field is wrong
 */
export function parseNcrontab(text: string): Ncrontab | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) return undefined;
  const [second = "", minute = "", hour = "", day = "", month = "", weekday = ""] =
    fields.length === 5 ? ["0", ...fields] : fields;
  const crontab = {
    seconds: parseField("second", second, 0, 59),
    minutes: parseField("minute", minute, 0, 59),
    hours: parseField("hour", hour, 0, 23),
    days: parseField("day", day, 1, 31),
    months: parseField("month", month, 1, 12, withOffset(MONTHS, LONG_NAMES[0], 1)),
    weekdays: parseField("day-of-week", weekday, 0, 6, withOffset(WEEKDAYS, LONG_NAMES[1], 0)),
  };
  if (nextWallTime(crontab, 0) === undefined) throw new Error(`"${text}" names a date that never comes`);
  return crontab;
}

/**
 * The first occurrence after `afterMs`, in the machine's time zone. When clocks change, schedules of fixed hours run
 * once on that day (an hour that is skipped moves on by the change), and those of every hour keep their pace.
 */
export function nextOccurrence(crontab: Ncrontab, afterMs: number): number {
  const wallNow = toWall(afterMs);
  let wall = nextWallTime(crontab, wallNow);
  while (wall !== undefined) {
    const gap = wall - wallNow;
    const at = crontab.hours.size === 24 && gap <= HOUR_MS ? afterMs + gap : fromWall(wall);
    if (at > afterMs) return at;
    wall = nextWallTime(crontab, wall);
  }
  throw new Error("The schedule has no further occurrence.");
}

/** Wall time is local time written as if it were UTC: a line without the jumps of summer time. */
function toWall(ms: number): number {
  return ms - new Date(ms).getTimezoneOffset() * MINUTE_MS;
}

function fromWall(wall: number): number {
  const at = new Date(wall);
  return new Date(
    at.getUTCFullYear(),
    at.getUTCMonth(),
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
  ).getTime();
}

/** Goes forward by the largest unit that does not fit, so a far date takes few steps. */
function nextWallTime(crontab: Ncrontab, after: number): number | undefined {
  const limit = after + LONGEST_GAP_MS;
  let wall = Math.floor(after / 1000) * 1000 + 1000;
  while (wall <= limit) {
    const at = new Date(wall);
    if (!crontab.months.has(at.getUTCMonth() + 1)) wall = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
    else if (!fitsDay(crontab, at)) wall = nextMultiple(wall, DAY_MS);
    else if (!crontab.hours.has(at.getUTCHours())) wall = nextMultiple(wall, HOUR_MS);
    else if (!crontab.minutes.has(at.getUTCMinutes())) wall = nextMultiple(wall, MINUTE_MS);
    else if (!crontab.seconds.has(at.getUTCSeconds())) wall += 1000;
    else return wall;
  }
  return undefined;
}

const fitsDay = (crontab: Ncrontab, at: Date): boolean =>
  crontab.days.has(at.getUTCDate()) && crontab.weekdays.has(at.getUTCDay());

const nextMultiple = (wall: number, unit: number): number => (Math.floor(wall / unit) + 1) * unit;

function parseField(
  name: string,
  text: string,
  least: number,
  most: number,
  names: ReadonlyMap<string, number> = new Map(),
): ReadonlySet<number> {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step, ...rest] = part.split("/");
    const every = step === undefined ? 1 : wholeNumber(step);
    const [from, to] = rangeOf(range, step !== undefined, least, most, names);
    if (rest.length > 0 || !every || from === undefined || to === undefined || from > to) {
      throw new Error(
        `"${text}" is no ${name} field: use *, numbers from ${least} to ${most}, ranges, lists and steps`,
      );
    }
    for (let value = from; value <= to; value += every) values.add(value);
  }
  return values;
}

/** A single number with a step (`5/15`) goes on to the end of the field. */
function rangeOf(
  text: string,
  hasStep: boolean,
  least: number,
  most: number,
  names: ReadonlyMap<string, number>,
): (number | undefined)[] {
  if (text === "*") return [least, most];
  const ends = text.split("-").map((end) => names.get(end.toLowerCase()) ?? wholeNumber(end));
  if (ends.length > 2 || ends.some((end) => end === undefined || end < least || end > most)) return [];
  const [from, to = hasStep ? most : from] = ends;
  return [from, to];
}

const wholeNumber = (text: string): number | undefined => (/^\d{1,3}$/.test(text) ? Number(text) : undefined);

function withOffset(short: readonly string[], long: readonly string[], offset: number): ReadonlyMap<string, number> {
  return new Map([...short.entries(), ...long.entries()].map(([index, name]) => [name, index + offset]));
}
