import type { LogLevel } from "../logger.js";

const ORDER: readonly (LogLevel | "none")[] = ["trace", "debug", "information", "warning", "error", "critical", "none"];

/** The position of a level in the order of severity. */
export function severity(level: LogLevel | "none"): number {
  return ORDER.indexOf(level);
}

/**
 * The level that `host.json` sets for a category. The longest name applies that is the category itself or one of its
 * prefixes (`Function` for `Function.Pay.User`), then `default`; undefined when there is neither.
 */
export function levelFor(
  levels: Readonly<Record<string, LogLevel | "none">>,
  category: string,
): LogLevel | "none" | undefined {
  const lower = category.toLowerCase();
  const names = Object.keys(levels)
    .filter((name) => lower === name.toLowerCase() || lower.startsWith(`${name.toLowerCase()}.`))
    .sort((a, b) => b.length - a.length);
  const fallback = Object.keys(levels).find((name) => name.toLowerCase() === "default");
  return levels[names[0] ?? fallback ?? ""];
}
