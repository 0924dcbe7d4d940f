import { RestError } from "@azure/data-tables";
import type { Clock } from "../../clock.js";
import type { Logger } from "../../logger.js";

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;
/**
 * A storage that is gone costs nothing to ask. What the app asks meanwhile it repeats by itself: the sooner it is seen
 * that the storage came back with less than it had, the less is done to it by a host that has to end.
 */
const LONGEST_WAIT_FOR_NOBODY_MS = 100;
const PATIENCE_MS = 600_000;
/** After so long without an answer the storage may be another one: no Azurite ends and serves again in less. */
const SILENCE_MS = 250;
/** An answer that took so long says nothing of now: this process may have stood still, and another host taken its place. */
const STALE_MS = 5_000;
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

export function isTransient(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return PASSING_STATUS.has(status);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return PASSING_CODES.has(code) || (error instanceof RestError && error.statusCode === undefined);
}

/**
 * Repeats storage requests over faults that pass: a restart, throttling, a torn connection. What happens during such
 * a fault, or while nobody asks, goes unseen; so whoever relies on the storage can have it looked at before it is
 * asked again.
 */
export class TransientFaults {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #closed = false;
  #look: (() => Promise<void>) | undefined;
  #looking: Promise<void> | undefined;
  #answeredMs = 0;
  #interrupted = false;
  #refusal: Error | undefined;
  #outages = 0;
  #watchers = 0;
  #watching = false;
  #warnedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** From now on `look` runs before the first request after a fault or a silence. What it rejects with, each request does. */
  guard(look: () => Promise<void>): void {
    this.#look = look;
    this.#answeredMs = this.#clock.now();
  }

  /** Counts requests that nobody answered: whenever it stands where it stood, the storage was there all the time. */
  get outages(): number {
    return this.#outages;
  }

  /**
   * Somebody else relies on the storage until what this gives back is called: it is looked at whenever it was silent, also
   * while it is asked for nothing here.
   */
  watch(): () => void {
    this.#watchers += 1;
    this.#lookLater();
    return () => {
      this.#watchers -= 1;
    };
  }

  #lookLater(): void {
    if (this.#watchers === 0 || this.#watching || this.#closed || this.#refusal) return;
    this.#watching = true;
    const waitMs = this.#interrupted ? LONGEST_WAIT_FOR_NOBODY_MS : SILENCE_MS;
    this.#clock.at(this.#clock.now() + waitMs, () => void this.#watchOnce());
  }

  async #watchOnce(): Promise<void> {
    if (this.#watchers > 0) await this.#trust().catch((fault: unknown) => this.#met(fault));
    this.#watching = false;
    this.#lookLater();
  }

  /** The storage has answered what it should not: it is looked at before it is asked again. */
  distrust(): void {
    this.#interrupted = true;
  }

  /** Makes waiting requests give up. */
  close(): void {
    this.#closed = true;
  }

  /** Rejects with what will not pass, or after ten minutes. `what` says in the log what could not be done. */
  async withRetry<T>(what: string, request: () => Promise<T>): Promise<T> {
    const endMs = this.#clock.now() + PATIENCE_MS;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      try {
        await this.#trust();
        const askedMs = this.#clock.now();
        const answer = await request();
        if (!this.#isStale(askedMs)) this.#answeredMs = this.#clock.now();
        return answer;
      } catch (error) {
        if (!isTransient(error) || this.#closed || this.#clock.now() >= endMs) throw error;
        this.#met(error);
        if (waitMs >= LONGEST_WAIT_MS) this.#warn(what, error);
        const untilMs =
          this.#clock.now() + (statusOf(error) === undefined ? Math.min(waitMs, LONGEST_WAIT_FOR_NOBODY_MS) : waitMs);
        await new Promise<void>((resolve) => this.#clock.at(untilMs, resolve));
      }
    }
  }

  /** Once for all who wait. */
  #warn(what: string, error: unknown): void {
    const nowMs = this.#clock.now();
    if (nowMs - this.#warnedMs < LONGEST_WAIT_MS) return;
    this.#warnedMs = nowMs;
    const reason = error instanceof Error ? error.message : String(error);
    const text = `Storage does not answer (${what}): ${reason}. Trying again.`;
    this.#logger.log("warning", text, { category: "Host.Storage" });
  }

  #met(fault: unknown): void {
    this.#interrupted = true;
    if (statusOf(fault) === undefined) this.#outages += 1;
  }

  #isStale(askedMs: number): boolean {
    return this.#clock.now() - askedMs >= STALE_MS;
  }

  async #trust(): Promise<void> {
    if (this.#refusal) throw this.#refusal;
    const silentMs = this.#clock.now() - this.#answeredMs;
    if (!this.#look || (!this.#interrupted && silentMs < SILENCE_MS)) return;
    this.#looking ??= this.#lookOnce(this.#look).finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #lookOnce(look: () => Promise<void>): Promise<void> {
    this.#interrupted = false;
    try {
      const askedMs = this.#clock.now();
      await look();
      if (this.#isStale(askedMs)) await look();
      this.#answeredMs = this.#clock.now();
    } catch (error) {
      this.#interrupted = true;
      if (error instanceof Error && !isTransient(error)) this.#refusal = error;
      throw error;
    }
  }
}
