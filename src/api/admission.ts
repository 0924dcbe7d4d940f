/**
 * Admission: which requests an overloaded process still takes. Everything else is answered 429 with `Retry-After`,
 * before it is read.
 *
 * - L1 A caller who sends more than its rate is refused until its bucket has filled again. Nobody else notices.
 * - L2 Of each kind, only so many requests are worked on, and so many wait for a place, in the order in which they came.
 *   One caller has at most three quarters of both together.
 * - L3 Kinds do not share places, so starts and webhooks never keep the status from being read.
 * - L4 Memory is bounded: the buckets of the callers that were silent longest are forgotten, and those were full or are
 *   of a flood with a new name each time, which L2 stops.
 *
 * Tests: test/unit/api/admission.test.ts. Under load: `npm run chaos -- --only overload`.
 */
import type { Clock } from "../domain/clock.js";
import { ApiProblem } from "./problem.js";
import type { Route } from "./route.js";

/** What requests of a route cost, and who may send them: a webhook is known only after it was verified. */
export type RequestKind = "read" | "change" | "start" | "webhook";

export function kindOf({ method, right, headers }: Pick<Route, "method" | "right" | "headers">): RequestKind {
  if (right === "anonymous") return "webhook";
  if (method === "GET") return "read";
  return headers["idempotency-key"] === "required" ? "start" : "change";
}

/** The limits of one kind of request. */
export interface KindLimits {
  /** Requests that a caller may send at once; then `perSecond`. */
  readonly burst: number;
  readonly perSecond: number;
  /** Requests that are worked on, of all callers together. */
  readonly concurrent: number;
  /** Requests that wait for a place. */
  readonly waiting: number;
}

export type AdmissionLimits = Readonly<Record<RequestKind, KindLimits>>;

export class TooManyRequests extends ApiProblem {
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number) {
    super("too-many-requests", message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Callers whose buckets are remembered, of each kind. */
const MAX_CALLERS = 10_000;
const SHARE_OF_ONE_CALLER = 0.75;

/** A place among the requests under way. Leaving it twice does no harm. */
export type Leave = () => void;

export class Admission {
  readonly #kinds: ReadonlyMap<string, KindAdmission>;

  constructor(limits: AdmissionLimits, clock: Clock) {
    const kinds = Object.entries(limits) as [RequestKind, KindLimits][];
    this.#kinds = new Map(kinds.map(([kind, limit]) => [kind, new KindAdmission(kind, limit, clock)]));
  }

  /**
   * Takes a request of a caller in, and resolves when it has a place, which must be left when the request was answered.
   * Throws {@link TooManyRequests}.
   */
  async enter(kind: RequestKind, caller: string): Promise<Leave> {
    return (await this.#kinds.get(kind)?.enter(caller)) ?? (() => undefined);
  }
}

/** Tokens of a caller, and when they were counted. */
interface Bucket {
  tokens: number;
  atMs: number;
}

class KindAdmission {
  readonly #kind: RequestKind;
  readonly #limits: KindLimits;
  readonly #clock: Clock;
  /** The caller that was silent longest comes first. */
  readonly #buckets = new Map<string, Bucket>();
  /** Requests of each caller that have a place or wait for one. */
  readonly #ofCaller = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  #working = 0;

  constructor(kind: RequestKind, limits: KindLimits, clock: Clock) {
    this.#kind = kind;
    this.#limits = limits;
    this.#clock = clock;
  }

  async enter(caller: string): Promise<Leave> {
    const { concurrent, waiting } = this.#limits;
    const own = this.#ofCaller.get(caller) ?? 0;
    const all = this.#working + this.#waiting.length;
    if (all >= concurrent + waiting || own >= Math.ceil((concurrent + waiting) * SHARE_OF_ONE_CALLER)) {
      throw new TooManyRequests(`As many requests of the kind "${this.#kind}" are under way as this host takes.`, 1);
    }
    this.#take(caller);
    this.#ofCaller.set(caller, own + 1);
    if (this.#working < concurrent) this.#working += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return once(() => this.#leave(caller));
  }

  /** The place goes to the request that waits longest. */
  #leave(caller: string): void {
    const left = (this.#ofCaller.get(caller) ?? 1) - 1;
    if (left === 0) this.#ofCaller.delete(caller);
    else this.#ofCaller.set(caller, left);
    const next = this.#waiting.shift();
    if (next === undefined) this.#working -= 1;
    else next();
  }

  #take(caller: string): void {
    const { burst, perSecond } = this.#limits;
    const nowMs = this.#clock.now();
    const { tokens, atMs } = this.#buckets.get(caller) ?? { tokens: burst, atMs: nowMs };
    const filled = Math.min(burst, tokens + (Math.max(0, nowMs - atMs) * perSecond) / 1_000);
    const isAdmitted = filled >= 1;
    this.#remember(caller, { tokens: isAdmitted ? filled - 1 : filled, atMs: nowMs });
    if (isAdmitted) return;
    throw new TooManyRequests(
      `The caller sent more than ${perSecond} requests of the kind "${this.#kind}" a second.`,
      Math.max(1, Math.ceil((1 - filled) / perSecond)),
    );
  }

  #remember(caller: string, bucket: Bucket): void {
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size <= MAX_CALLERS) return;
    for (const silent of this.#buckets.keys()) {
      this.#buckets.delete(silent);
      return;
    }
  }
}

function once(act: () => void): Leave {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}

const MANY = Number.MAX_SAFE_INTEGER;
const ANY_NUMBER: KindLimits = { burst: MANY, perSecond: MANY, concurrent: MANY, waiting: MANY };

/** For programs that call the endpoints themselves, without a host. */
export const UNLIMITED: AdmissionLimits = {
  read: ANY_NUMBER,
  change: ANY_NUMBER,
  start: ANY_NUMBER,
  webhook: ANY_NUMBER,
};
