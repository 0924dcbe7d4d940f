import { RestError } from "@azure/data-tables";
import type { VirtualClock } from "../../../host/durable/engine/index.js";
import { TableConflict } from "../../../src/store/tables/port.js";
import type { Boundary, Disturbance, StoreFault } from "../evidence.js";
import type { Random } from "../random.js";
import type { Mishap, MishapOf } from "../generators/faults.js";
import { type Life, never, sleep } from "./host-lifetime.js";

/** Who goes through a gate: a host, and what may befall it. */
export interface Passenger {
  readonly life: Life;
  crash(mishap: MishapOf<"crash">): void;
  overlap(mishap: MishapOf<"overlap">): void;
  jump(skewMs: number): void;
  /** `subject` is the instance whose call it was, at the hub. */
  poison(mishap: MishapOf<"poison">, subject: string): void;
}

/** How long calls take: how many are delayed at all, and by how much at most. */
export interface Weather {
  delayed: number;
  longestMs: number;
}

/** Whether a call had its effect, and whether its caller will hear of it. */
export interface Passage {
  applied: boolean;
  answered: boolean;
}

type StoreMishap = MishapOf<"store-fault">;

/**
 * Every call that a host makes of the outside goes through here: table, history, inbox, activity, hypervisor, request.
 * The gate decides how long it takes on the way there and back, and what befalls it.
 */
export class Gate {
  /** How often each boundary was passed. */
  readonly passed = new Map<Boundary, number>();
  readonly disturbances: Disturbance[] = [];
  /** Once false nothing goes wrong any more; calls still take their time. */
  rough = true;
  readonly #clock: VirtualClock;
  readonly #weather: Weather;
  readonly #random: Random;
  readonly #mishaps = new Map<string, Mishap[]>();

  constructor(options: { clock: VirtualClock; weather: Weather; random: Random; mishaps: readonly Mishap[] }) {
    this.#clock = options.clock;
    this.#weather = options.weather;
    this.#random = options.random;
    for (const mishap of options.mishaps) {
      const key = `${mishap.at}/${mishap.nth}`;
      this.#mishaps.set(key, [...(this.#mishaps.get(key) ?? []), mishap]);
    }
  }

  /** Makes a call. `note` hears how it went before the caller does; what a dead host asked for never settles. */
  async pass<T>(
    passenger: Passenger,
    at: Boundary,
    detail: string,
    effect: () => Promise<T>,
    note: (passage: Passage) => void = () => undefined,
  ): Promise<T> {
    const { life } = passenger;
    if (!life.alive) return never();
    const mishaps = this.#mishapsNow(at);
    const crash = mishaps.find((mishap) => mishap.kind === "crash");
    const fault = mishaps.find((mishap) => mishap.kind === "store-fault");
    for (const mishap of mishaps) this.#befall(passenger, mishap);
    await this.#travel();
    if (crash && !crash.after) this.#crash(passenger, crash, detail, false);
    if (!life.alive && !this.#stillArrives()) return never();
    if (fault) await this.#before(passenger, fault, detail);
    const result = await effect();
    const poison = mishaps.find((mishap) => mishap.kind === "poison");
    if (poison) passenger.poison(poison, detail);
    const answered = life.alive && !crash && !(fault && AFTER.has(fault.what));
    note({ applied: true, answered });
    if (crash?.after) this.#crash(passenger, crash, detail, true);
    if (fault) this.#after(fault, detail);
    await this.#travel();
    if (life.alive) return result;
    note({ applied: true, answered: false });
    return never();
  }

  #mishapsNow(at: Boundary): Mishap[] {
    const nth = (this.passed.get(at) ?? 0) + 1;
    this.passed.set(at, nth);
    return this.rough ? (this.#mishaps.get(`${at}/${nth}`) ?? []) : [];
  }

  #befall(passenger: Passenger, mishap: Mishap): void {
    const { generation } = passenger.life;
    const atMs = this.#clock.now();
    if (mishap.kind === "overlap") {
      passenger.overlap(mishap);
    } else if (mishap.kind === "clock-jump") {
      passenger.jump(mishap.skewMs);
      this.disturbances.push({ atMs, kind: "clock-jump", generation, skewMs: mishap.skewMs });
    }
  }

  #crash(passenger: Passenger, crash: MishapOf<"crash">, detail: string, applied: boolean): void {
    if (!passenger.life.alive) return;
    const { generation } = passenger.life;
    const atMs = this.#clock.now();
    this.disturbances.push({ atMs, kind: "crash", generation, at: crash.at, detail, applied });
    passenger.crash(crash);
    this.#inFlight = crash.inFlight;
  }

  #inFlight = 0.5;

  /** A call that was on its way when its host died may arrive all the same. */
  #stillArrives(): boolean {
    return this.#random.chance(this.#inFlight);
  }

  async #travel(): Promise<void> {
    const { delayed, longestMs } = this.#weather;
    if (delayed > 0 && this.#random.chance(delayed)) await sleep(this.#clock, this.#random.skewed(1, longestMs));
  }

  async #before({ life }: Passenger, { at, what, forMs }: StoreMishap, detail: string): Promise<void> {
    const { generation } = life;
    this.disturbances.push({ atMs: this.#clock.now(), kind: "store-fault", generation, at, what, detail });
    await sleep(this.#clock, forMs);
    if (!life.alive) return never();
    if (what === "unavailable" || what === "timeout-before") throw storeError(what);
  }

  #after({ what }: StoreMishap, detail: string): void {
    if (what === "timeout-after") throw storeError(what);
    // A client that repeats a write of which it lost the answer meets its own.
    if (what === "conflict") throw new TableConflict("changed", detail);
  }
}

const AFTER: ReadonlySet<StoreFault> = new Set(["timeout-after", "conflict"]);

const storeError = (what: StoreFault): RestError =>
  what === "unavailable"
    ? new RestError("The server is busy.", { statusCode: 503, code: "ServerBusy" })
    : new RestError("the connection was lost", { code: "REQUEST_SEND_ERROR" });
