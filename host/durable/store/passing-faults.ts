import { RestError } from "@azure/data-tables";
import type { Clock } from "../../clock.js";
import type { Logger } from "../../logger.js";

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;
const PATIENCE_MS = 600_000;
const PASSING_STATUS = new Set([408, 429, 500, 502, 503, 504]);
const PASSING_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "REQUEST_SEND_ERROR",
  "PARSE_ERROR",
]);

/** The status code of a storage error; undefined for anything else. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && "statusCode" in error ? (error.statusCode as number | undefined) : undefined;

export function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return PASSING_STATUS.has(status);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return PASSING_CODES.has(code) || (error instanceof RestError && error.statusCode === undefined);
}

/** Repeats storage requests over faults that pass: a restart, throttling, a torn connection. */
export class PassingFaults {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #closed = false;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Makes waiting requests give up. */
  close(): void {
    this.#closed = true;
  }

  /** Rejects with what will not pass, or after ten minutes. `what` says in the log what could not be done. */
  async overcome<T>(what: string, request: () => Promise<T>): Promise<T> {
    const endMs = this.#clock.now() + PATIENCE_MS;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      try {
        return await request();
      } catch (error) {
        if (!isPassing(error) || this.#closed || this.#clock.now() >= endMs) throw error;
        if (waitMs >= LONGEST_WAIT_MS) {
          const reason = error instanceof Error ? error.message : String(error);
          this.#logger.log("warning", `Storage does not answer (${what}): ${reason}. Trying again.`, {
            category: "Host.Storage",
          });
        }
        await new Promise<void>((resolve) => this.#clock.at(this.#clock.now() + waitMs, resolve));
      }
    }
  }
}
