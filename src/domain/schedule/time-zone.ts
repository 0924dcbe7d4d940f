/**
 * Local time in the zones of the IANA database, from the tables of the JavaScript engine.
 *
 * Z1. A wall time that occurs twice means its first occurrence. One that is skipped means the moment that is as much later
 *     as the clocks jump. This is the rule that Temporal calls "compatible". (test/unit/domain/schedule/time-zone.test.ts,
 *     against a Temporal polyfill, in all zones)
 */

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const numeric = "numeric" as const;
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone, hourCycle: "h23" as const, era: "short" as const },
    ...{ year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric },
  });
  formats.set(timeZone, format);
  return format;
}

/** Whether the engine knows a zone of this name. Fixed offsets such as `+02:00` are no zones. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** The local time of a moment, as if it were UTC. */
export function wallTimeOf(timeZone: string, ms: number): number {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const wall = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return wall + (ms - Math.floor(ms / 1_000) * 1_000);
}

export const offsetAt = (timeZone: string, ms: number): number => wallTimeOf(timeZone, ms) - ms;

/** The moment of a local time (Z1). */
export function momentOf(timeZone: string, wall: number): { ms: number; skipped: boolean } {
  const before = offsetAt(timeZone, wall - DAY_MS);
  const after = offsetAt(timeZone, wall + DAY_MS);
  const candidates = [wall - before, wall - after].filter((ms) => wallTimeOf(timeZone, ms) === wall);
  if (candidates.length > 0) return { ms: Math.min(...candidates), skipped: false };
  return { ms: wall - before, skipped: true };
}
