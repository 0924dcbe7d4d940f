import type { LogLevel } from "../logger.js";

const ORDER: readonly (LogLevel | "none")[] = ["trace", "debug", "information", "warning", "error", "critical", "none"];

/** Levels in order of weight; a line is written when it weighs at least as much as its category's level. */
export function weighs(level: LogLevel | "none"): number {
  return ORDER.indexOf(level);
}

/**
 * The level that `host.json` sets for a category: that of the longest name that is the category or a beginning of it
 * (`Function` for `Function.Pay.User`), else `default`, else undefined.
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
