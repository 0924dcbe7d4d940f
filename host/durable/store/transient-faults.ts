/*
 * Requests to the storage, and what this host may still assume about it after a fault.
 *
 * I1. A request that meets a transient fault (a restart, throttling, a torn connection) is repeated until it gets an
 *     answer, for ten minutes at most. Test: durable/transient-faults.test.ts ("a storage that is gone is asked often",
 *     "a storage that is busy is given time").
 * I2. Once a check is set, no request follows a fault, or 250 ms without an answer, before the check has passed. If the
 *     check finds that the hub is lost, every later request fails with that error. Test: process/hub-lost.test.ts,
 *     durable/history-store.test.ts ("looks at the storage before it names another host").
 * I3. An answer or a check that took five seconds or more proves nothing about the present.
 *     Test: durable/transient-faults.test.ts ("that was on its way while this process stood still").
 * I4. A request that the storage refuses while it takes others (400, 413, or 500 again and again) is given up within
 *     seconds, and holds no other request. A storage that takes no write at all is waited for.
 *     Test: durable/transient-faults.test.ts ("a request that the storage refuses").
 * I5. `outages` grows with every request that got no answer, also while only the app uses the storage and somebody
 *     watches. Test: durable/transient-faults.test.ts ("while somebody else relies on the storage").
 */

import { RestError } from "@azure/data-tables";
import type { Clock } from "../../clock.js";
import type { Logger } from "../../logger.js";
import { RefusedError } from "./port.js";

const MIN_WAIT_MS = 50;
const MAX_WAIT_MS = 2_000;
/**
 * A storage that does not answer at all gets requests more often, because they cost it nothing. The app repeats its own
 * requests too. The earlier this host notices that the storage has returned with less data than before, the less the app
 * does to that data before the host stops.
 */
const MAX_WAIT_WHILE_UNREACHABLE_MS = 100;
const GIVE_UP_AFTER_MS = 600_000;
/** After this time without an answer the storage may be another process: no Azurite stops and serves again in less. */
const MAX_SILENCE_MS = 250;
/** During a request of this length the process may have been paused, and another host may have taken the hub. */
const STALE_AFTER_MS = 5_000;
/** The storage looked at the request, and will answer the same next time. */
const REFUSALS = new Set([400, 413]);
/** A storage answers so when it has trouble, but also when it cannot process a request. */
const INTERNAL_ERROR = 500;
/** So many of these answers in a row, and the storage is asked for another write. They take less than two seconds. */
const MAX_INTERNAL_ERRORS = 6;
const TRANSIENT_STATUS = new Set([408, 429, 500, 502, 503, 504]);
const TRANSIENT_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "REQUEST_SEND_ERROR",
  "PARSE_ERROR",
]);

/** The HTTP status of a storage error; undefined for any other error. */
export const httpStatus = (error: unknown): number | undefined =>
  error instanceof Error && "statusCode" in error ? (error.statusCode as number | undefined) : undefined;

export function isTransient(error: unknown): boolean {
  const status = httpStatus(error);
  if (status !== undefined) return TRANSIENT_STATUS.has(status);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return TRANSIENT_CODES.has(code) || (error instanceof RestError && error.statusCode === undefined);
}

/** Repeats storage requests over transient faults, and checks the storage after a fault or a silence. */
export class TransientFaults {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #closed = false;
  #check: (() => Promise<void>) | undefined;
  #probe: (() => Promise<unknown>) | undefined;
  #checking: Promise<void> | undefined;
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

  /**
   * Sets the check of the storage. From now on it runs before the first request after a fault or a silence. While it
   * rejects, every request rejects with the same error.
   *
   * @param probe writes something, which tells a storage that refuses one request from a storage that takes no writes
   */
  checkWith(check: () => Promise<void>, probe?: () => Promise<unknown>): void {
    this.#check = check;
    this.#probe = probe;
    this.#answeredMs = this.#clock.now();
  }

  /** How many requests got no answer. While the number stays the same, the storage was reachable all the time. */
  get outages(): number {
    return this.#outages;
  }

  /**
   * Checks the storage after every silence, also while this host sends no requests, until the returned function is
   * called. For times when the app relies on the storage.
   */
  watch(): () => void {
    this.#watchers += 1;
    this.#watchLater();
    return () => {
      this.#watchers -= 1;
    };
  }

  #watchLater(): void {
    if (this.#watchers === 0 || this.#watching || this.#closed || this.#refusal) return;
    this.#watching = true;
    const waitMs = this.#interrupted ? MAX_WAIT_WHILE_UNREACHABLE_MS : MAX_SILENCE_MS;
    this.#clock.after(waitMs, () => void this.#watchOnce());
  }

  async #watchOnce(): Promise<void> {
    if (this.#watchers > 0) await this.#ensureChecked().catch((fault: unknown) => this.#noteFault(fault));
    this.#watching = false;
    this.#watchLater();
  }

  /** The storage gave an unexpected answer, so it is checked before the next request. */
  requireCheck(): void {
    this.#interrupted = true;
  }

  /** Makes waiting requests give up. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Repeats `request` until it succeeds. Rejects with an error that is not transient, with {@link RefusedError} when the
   * storage refuses only this request, and with a transient error after ten minutes.
   *
   * @param what names the request in the log
   */
  async withRetry<T>(what: string, request: () => Promise<T>): Promise<T> {
    const endMs = this.#clock.now() + GIVE_UP_AFTER_MS;
    let internalErrors = 0;
    for (let waitMs = MIN_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
      try {
        await this.#ensureChecked();
        const sentMs = this.#clock.now();
        const answer = await request();
        if (!this.#isStale(sentMs)) this.#answeredMs = this.#clock.now();
        return answer;
      } catch (error) {
        internalErrors = httpStatus(error) === INTERNAL_ERROR ? internalErrors + 1 : 0;
        if (await this.#isRefused(error, internalErrors)) throw new RefusedError(what, error);
        if (!isTransient(error) || this.#closed || this.#clock.now() >= endMs) throw error;
        this.#noteFault(error);
        await this.#wait(what, error, waitMs);
      }
    }
  }

  async #wait(what: string, error: unknown, waitMs: number): Promise<void> {
    if (waitMs >= MAX_WAIT_MS) this.#warn(what, error);
    const isUnreachable = httpStatus(error) === undefined;
    const delayMs = isUnreachable ? Math.min(waitMs, MAX_WAIT_WHILE_UNREACHABLE_MS) : waitMs;
    await new Promise<void>((resolve) => this.#clock.after(delayMs, resolve));
  }

  async #isRefused(error: unknown, internalErrors: number): Promise<boolean> {
    if (REFUSALS.has(httpStatus(error) ?? 0)) return true;
    if (internalErrors < MAX_INTERNAL_ERRORS || this.#probe === undefined) return false;
    return this.#probe().then(
      () => true,
      () => false,
    );
  }

  /** Many requests may wait at the same time, so one warning stands for all of them. */
  #warn(what: string, error: unknown): void {
    const nowMs = this.#clock.now();
    if (nowMs - this.#warnedMs < MAX_WAIT_MS) return;
    this.#warnedMs = nowMs;
    const reason = error instanceof Error ? error.message : String(error);
    const text = `The storage does not answer (${what}): ${reason}. Trying again.`;
    this.#logger.log("warning", text, { category: "Host.Storage" });
  }

  #noteFault(fault: unknown): void {
    this.#interrupted = true;
    if (httpStatus(fault) === undefined) this.#outages += 1;
  }

  #isStale(sentMs: number): boolean {
    return this.#clock.now() - sentMs >= STALE_AFTER_MS;
  }

  async #ensureChecked(): Promise<void> {
    if (this.#refusal) throw this.#refusal;
    const silentMs = this.#clock.now() - this.#answeredMs;
    if (!this.#check || (!this.#interrupted && silentMs < MAX_SILENCE_MS)) return;
    this.#checking ??= this.#runCheck(this.#check).finally(() => {
      this.#checking = undefined;
    });
    await this.#checking;
  }

  async #runCheck(check: () => Promise<void>): Promise<void> {
    this.#interrupted = false;
    try {
      const sentMs = this.#clock.now();
      await check();
      if (this.#isStale(sentMs)) await check();
      this.#answeredMs = this.#clock.now();
    } catch (error) {
      this.#interrupted = true;
      if (error instanceof Error && !isTransient(error)) this.#refusal = error;
      throw error;
    }
  }
}
