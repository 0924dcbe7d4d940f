export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical";

/** Fields of a log line: printed after the text on a terminal, and as properties in JSON lines. */
export interface LogFields {
  category?: string;
  function?: string;
  instanceId?: string;
  invocationId?: string;
  [field: string]: unknown;
}

/** The log of the host. Adapters decide on format and level. */
export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

export const silentLogger: Logger = { log: () => undefined };
