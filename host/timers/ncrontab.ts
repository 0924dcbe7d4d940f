/** The allowed values of each field, in the order of the text. */
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
/** 29 February on a given weekday returns after 40 years at the latest. */
const MAX_GAP_MS = 41 * 366 * DAY_MS;

/**
 * Reads six fields (second minute hour day month weekday), or five fields without the second, which is then 0. A field
 * is `*`, numbers, names of months and weekdays, ranges, lists and steps; NCRONTAB has nothing else.
 *
 * @returns undefined when the text has another number of fields and is therefore not NCRONTAB
 * @throws Error that names the wrong field
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
  if (nextWallTime(crontab, 0) === undefined) throw new Error(`"${text}" names a date that does not exist`);
  return crontab;
}

/**
 * The first occurrence after `afterMs` in the time zone of the machine. When clocks change, a schedule of fixed hours
 * runs once on that day (a skipped hour moves by the change), and a schedule of every hour keeps its interval.
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

/** Wall time is local time as if it were UTC, so it has no jumps for summer time. */
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

/** Moves forward by the largest unit that does not match, so a distant date takes few steps. */
function nextWallTime(crontab: Ncrontab, after: number): number | undefined {
  const limit = after + MAX_GAP_MS;
  let wall = Math.floor(after / 1000) * 1000 + 1000;
  while (wall <= limit) {
    const at = new Date(wall);
    if (!crontab.months.has(at.getUTCMonth() + 1)) wall = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
    else if (!matchesDay(crontab, at)) wall = nextMultiple(wall, DAY_MS);
    else if (!crontab.hours.has(at.getUTCHours())) wall = nextMultiple(wall, HOUR_MS);
    else if (!crontab.minutes.has(at.getUTCMinutes())) wall = nextMultiple(wall, MINUTE_MS);
    else if (!crontab.seconds.has(at.getUTCSeconds())) wall += 1000;
    else return wall;
  }
  return undefined;
}

const matchesDay = (crontab: Ncrontab, at: Date): boolean =>
  crontab.days.has(at.getUTCDate()) && crontab.weekdays.has(at.getUTCDay());

const nextMultiple = (wall: number, unit: number): number => (Math.floor(wall / unit) + 1) * unit;

function parseField(
  name: string,
  text: string,
  min: number,
  max: number,
  names: ReadonlyMap<string, number> = new Map(),
): ReadonlySet<number> {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step, ...rest] = part.split("/");
    const every = step === undefined ? 1 : wholeNumber(step);
    const [from, to] = parseRange(range, step !== undefined, min, max, names);
    if (rest.length > 0 || !every || from === undefined || to === undefined || from > to) {
      throw new Error(
        `"${text}" is not a valid ${name} field: use *, numbers from ${min} to ${max}, ranges, lists and steps`,
      );
    }
    for (let value = from; value <= to; value += every) values.add(value);
  }
  return values;
}

/** A single number with a step (`5/15`) is a range up to the maximum of the field. */
function parseRange(
  text: string,
  hasStep: boolean,
  min: number,
  max: number,
  names: ReadonlyMap<string, number>,
): (number | undefined)[] {
  if (text === "*") return [min, max];
  const ends = text.split("-").map((end) => names.get(end.toLowerCase()) ?? wholeNumber(end));
  if (ends.length > 2 || ends.some((end) => end === undefined || end < min || end > max)) return [];
  const [from, to = hasStep ? max : from] = ends;
  return [from, to];
}

const wholeNumber = (text: string): number | undefined => (/^\d{1,3}$/.test(text) ? Number(text) : undefined);

function withOffset(short: readonly string[], long: readonly string[], offset: number): ReadonlyMap<string, number> {
  return new Map([...short.entries(), ...long.entries()].map(([index, name]) => [name, index + offset]));
}
