/**
 * What this process knows of the addresses that it sends notifications to, and how much it asks of each of them.
 *
 * - L1 An address gets few requests at a time, and one after an attempt failed. Others wait for their turn, each address
 *   on its own, so a slow one slows nobody else. (test/unit/notifications/endpoints.test.ts)
 * - L2 An address that did not answer in time is left alone until its next attempt is due, a minute at most. (the same)
 * - L3 When too many wait for a turn, the next one is sent away, and the outbox tries later. (the same)
 * - L4 When an address that failed is well again, that is known once, so that what waits for it need not wait for its
 *   time. (the same)
 *
 * A process that starts knows nothing, and finds out by one attempt.
 */

const MAX_IN_FLIGHT = 4;
/** Requests that wait for their turn at one address. */
const MAX_WAITING = 100;
/** Addresses that are remembered. Those that are well and idle are forgotten first. */
const MAX_KNOWN = 10_000;

interface Endpoint {
  inFlight: number;
  /** Its last attempt failed. */
  isFailing: boolean;
  silentUntilMs: number;
  waiting: (() => void)[];
  isWellAgain: boolean;
}

/** How an attempt found an address. */
export interface Seen {
  isWell: boolean;
  silentUntilMs: number;
}

export class Endpoints {
  readonly #known = new Map<string, Endpoint>();

  /** When an address may be called again that did not answer in time; 0 when it may be called now. */
  silentUntilMs(endpoint: string, nowMs: number): number {
    const untilMs = this.#known.get(endpoint)?.silentUntilMs ?? 0;
    return untilMs > nowMs ? untilMs : 0;
  }

  /** Waits for a turn at an address. Undefined when too many wait already; otherwise what ends the turn. */
  async enter(endpoint: string): Promise<((seen: Seen | undefined) => void) | undefined> {
    const known = this.#of(endpoint);
    if (known.inFlight >= limitOf(known)) {
      if (known.waiting.length >= MAX_WAITING) return undefined;
      await new Promise<void>((resolve) => known.waiting.push(resolve));
    } else known.inFlight += 1;
    return (seen) => {
      if (seen !== undefined) {
        known.isWellAgain = seen.isWell && (known.isFailing || known.isWellAgain);
        known.isFailing = !seen.isWell;
        known.silentUntilMs = seen.silentUntilMs;
      }
      known.inFlight -= 1;
      while (known.inFlight < limitOf(known) && known.waiting.length > 0) {
        known.inFlight += 1;
        known.waiting.shift()?.();
      }
    };
  }

  /** Whether an address failed and is well again. It is said once. */
  takeWellAgain(endpoint: string): boolean {
    const known = this.#known.get(endpoint);
    if (!known?.isWellAgain) return false;
    known.isWellAgain = false;
    return true;
  }

  #of(endpoint: string): Endpoint {
    const found = this.#known.get(endpoint);
    if (found !== undefined) return found;
    if (this.#known.size >= MAX_KNOWN) this.#forgetIdle();
    const added = { inFlight: 0, isFailing: false, silentUntilMs: 0, waiting: [], isWellAgain: false };
    this.#known.set(endpoint, added);
    return added;
  }

  #forgetIdle(): void {
    for (const [key, { inFlight, isFailing }] of this.#known) {
      if (inFlight === 0 && !isFailing) this.#known.delete(key);
    }
  }
}

const limitOf = ({ isFailing }: Endpoint): number => (isFailing ? 1 : MAX_IN_FLIGHT);
