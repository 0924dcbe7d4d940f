/**
 * Admission: which requests an overloaded process still takes. Everything else is answered 429 with `Retry-After`,
 * before it is read.
 *
 * - L1 A caller who sends more than its rate is refused until its bucket has filled again. Nobody else notices.
 * - L2 Of each kind, only so many requests are under way, and one caller has at most three quarters of them.
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
  /** Requests under way, of all callers together. */
  readonly concurrent: number;
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

  /** Takes a request of a caller in. The place must be left when it was answered. Throws {@link TooManyRequests}. */
  enter(kind: RequestKind, caller: string): Leave {
    return this.#kinds.get(kind)?.enter(caller) ?? (() => undefined);
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
  readonly #underWay = new Map<string, number>();
  #allUnderWay = 0;

  constructor(kind: RequestKind, limits: KindLimits, clock: Clock) {
    this.#kind = kind;
    this.#limits = limits;
    this.#clock = clock;
  }

  enter(caller: string): Leave {
    const { concurrent } = this.#limits;
    const own = this.#underWay.get(caller) ?? 0;
    if (this.#allUnderWay >= concurrent || own >= Math.ceil(concurrent * SHARE_OF_ONE_CALLER)) {
      throw new TooManyRequests(`As many requests of the kind "${this.#kind}" are under way as this host takes.`, 1);
    }
    this.#take(caller);
    this.#allUnderWay += 1;
    this.#underWay.set(caller, own + 1);
    return once(() => this.#leave(caller));
  }

  #leave(caller: string): void {
    this.#allUnderWay -= 1;
    const left = (this.#underWay.get(caller) ?? 1) - 1;
    if (left === 0) this.#underWay.delete(caller);
    else this.#underWay.set(caller, left);
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
const ANY_NUMBER: KindLimits = { burst: MANY, perSecond: MANY, concurrent: MANY };

/** For programs that call the endpoints themselves, without a host. */
export const UNLIMITED: AdmissionLimits = {
  read: ANY_NUMBER,
  change: ANY_NUMBER,
  start: ANY_NUMBER,
  webhook: ANY_NUMBER,
};
