/**
 * How numbers and lists are written for people.
 *
 * - T1 A number has a unit and as many digits as a person reads: two or three. (test/unit/domain/wording.test.ts)
 * - T2 A list names nothing twice, and says how many more there are where it is cut. (same file)
 */

/** How many members of a list a sentence names. */
const MAX_NAMED = 5;

/** `a`, `a and b`, `a, b and c`, or the first ones `and 12 more`; each once. */
export function listed(names: readonly string[], max = MAX_NAMED): string {
  const once = [...new Set(names)];
  const left = once.length - max;
  const parts = left > 0 ? [...once.slice(0, max), `${left} more`] : once;
  if (parts.length <= 1) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** A name with what happened to it, as `m2 (the guest refused)`: the reason does not say again whose it is. */
export function toldOf(name: string, what: string): string {
  const whose = new RegExp(` of (item )?${name.replaceAll(".", "\\.")}(?![\\w.-]*\\w)`, "g");
  return `${name} (${what.replaceAll(whose, "")})`;
}

/** `1 machine`, `11 machines`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** `none is free`, `1 is free`, `3 are free`. A negative number is none. */
export function freeInWords(left: number): string {
  if (left <= 0) return "none is free";
  return left === 1 ? "1 is free" : `${left} are free`;
}

/** `0 s`, `149 s`, `42 min`, `3 h 5 min`, `2 d 4 h`: seconds up to ten minutes, then the two largest units. */
export function secondsText(seconds: number): string {
  if (seconds < 600) return `${seconds > 0 && seconds < 1 ? "less than 1" : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return joined(`${hours} h`, minutes % 60, "min");
  return joined(`${Math.floor(hours / 24)} d`, hours % 24, "h");
}

const joined = (large: string, small: number, unit: string): string =>
  small === 0 ? large : `${large} ${small} ${unit}`;

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** `512 B`, `2.4 GB`, `120 GB`: decimal units, one decimal below ten. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 999.5 && unit < BYTE_UNITS.length - 1; unit += 1) value /= 1_000;
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}
