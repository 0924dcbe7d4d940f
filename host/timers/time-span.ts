const DAY_MS = 86_400_000;
/** .NET counts 100-nanosecond ticks in 64 bits, which is a little over 10,675,199 days. */
const MAX_SPAN_MS = 922_337_203_685_477;
const SPAN = /^(?:(\d+)\.)?(\d+):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/;

/**
 * The milliseconds of a .NET TimeSpan text: `hh:mm`, `hh:mm:ss`, `d.hh:mm:ss`, with up to seven decimals. As in .NET, a
 * first part above 23 counts days: `24:00:00` is 24 days, and `1.00:00:00` is one day.
 *
 * @returns undefined when the text is not a time span, or is longer than the maximum of .NET
 */
export function parseTimeSpan(text: string): number | undefined {
  const match = SPAN.exec(text.trim());
  if (!match) return undefined;
  const [, days, first = "", second = "", third, decimals = ""] = match;
  const parts = [Number(first), Number(second), Number(third ?? 0)] as const;
  if (parts[0] > 23)
    return days === undefined && decimals === "" ? toMilliseconds(parts[0], parts[1], parts[2], 0, 0) : undefined;
  return toMilliseconds(Number(days ?? 0), parts[0], parts[1], parts[2], Number(`0.${decimals || 0}`) * 1000);
}

function toMilliseconds(days: number, hours: number, minutes: number, seconds: number, ms: number): number | undefined {
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const span = days * DAY_MS + hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + Math.trunc(ms);
  return span <= MAX_SPAN_MS ? span : undefined;
}
