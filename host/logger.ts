export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical";

/** What a line is about, beside its text; printed after it on a terminal, as fields in JSON lines. */
export interface LogFields {
  category?: string;
  function?: string;
  instanceId?: string;
  invocationId?: string;
  [field: string]: unknown;
}

/** Where the host's lines go. Adapters decide on form and level; callers only say what happened. */
export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

export const silentLogger: Logger = { log: () => undefined };
