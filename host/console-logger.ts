import type { Clock } from "./clock.js";
import type { LogFields, Logger, LogLevel } from "./logger.js";
import { levelFor, severity } from "./settings/log-levels.js";

export interface ConsoleLoggerOptions {
  /** Levels by category, from `host.json`. */
  levels: Readonly<Record<string, LogLevel | "none">>;
  /** The level of a category that `levels` does not name. */
  defaultLevel: LogLevel;
  /** Coloured lines for a person, otherwise one JSON object per line. */
  pretty: boolean;
  clock: Clock;
  write: (line: string) => void;
}

const COLOURS: Record<LogLevel, number> = {
  trace: 90,
  debug: 90,
  information: 36,
  warning: 33,
  error: 31,
  critical: 41,
};
const MARKS: Record<LogLevel, string> = {
  trace: "trace",
  debug: "debug",
  information: "info",
  warning: "warn",
  error: "error",
  critical: "fatal",
};

/** Writes each line whose level is at least the level of its category. */
export function createConsoleLogger(options: ConsoleLoggerOptions): Logger {
  const thresholds = new Map<string, number>();
  const threshold = (category: string): number => {
    const known = thresholds.get(category);
    if (known !== undefined) return known;
    const value = severity(levelFor(options.levels, category) ?? options.defaultLevel);
    thresholds.set(category, value);
    return value;
  };
  const format = options.pretty ? prettyLine : jsonLine;
  return {
    log(level, message, fields = {}) {
      if (severity(level) < threshold(fields.category ?? "Host.General")) return;
      options.write(`${format(new Date(options.clock.now()).toISOString(), level, message, fields)}\n`);
    },
  };
}

function jsonLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  return JSON.stringify({ time, level, message, ...fields });
}

function prettyLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const { category: _, stack, function: fn, instanceId, invocationId: __, ...others } = fields;
  const about = Object.entries({ function: fn, instanceId, ...others })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const tail = about.length > 0 ? ` \u001b[90m${about.join(" ")}\u001b[0m` : "";
  const trace = typeof stack === "string" ? `\n\u001b[90m${stack}\u001b[0m` : "";
  return `\u001b[90m[${time}]\u001b[0m \u001b[${COLOURS[level]}m${MARKS[level]}\u001b[0m ${message}${tail}${trace}`;
}
