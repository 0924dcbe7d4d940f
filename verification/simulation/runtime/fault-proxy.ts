/**
 * The fault proxy stands between the hosts of a run and everything outside them. Its guarantees (fault-proxy.test.ts):
 *
 * P1. A fault is injected at exactly the call that it names, the `nth` of its boundary, and at most once.
 * P2. A call of a dead host never settles. A call in flight when its host dies may still take effect.
 * P3. A fault "before" a call prevents the effect; a fault "after" it only hides the answer from the caller.
 * P4. `note` says whether the call took effect and whether its caller gets the answer, before the caller knows.
 * P5. With faults disabled, calls are counted and delayed, but nothing fails.
 * P6. Every injected fault is recorded in `injectedFaults`, with the true time and the generation of the host.
 */
import { RestError } from "@azure/data-tables";
import type { VirtualClock } from "../../../host/durable/engine/index.js";
import { TableConflict } from "../../../src/store/tables/port.js";
import type { Boundary, InjectedFault, StoreFault } from "../evidence.js";
import type { Fault, FaultOf } from "../generators/faults.js";
import type { Random } from "../random.js";
import { type HostLifetime, never, sleep } from "./host-lifetime.js";

/** A host that makes calls through the proxy, and how faults act on it. */
export interface Caller {
  readonly lifetime: HostLifetime;
  crash(fault: FaultOf<"crash">): void;
  overlap(fault: FaultOf<"overlap">): void;
  setClockSkew(skewMs: number): void;
  /** `subject` is the instance of the call, at the hub. */
  corruptRow(fault: FaultOf<"row-corruption">, subject: string): void;
}

/** How long calls take: the share that is delayed, and the longest delay. */
export interface LatencyProfile {
  delayProbability: number;
  maxDelayMs: number;
}

/** Whether a call took effect, and whether its caller receives the answer. */
export interface CallResult {
  applied: boolean;
  answered: boolean;
}

type InjectedStoreFault = FaultOf<"store-fault">;

/**
 * Every call from a host to something outside passes through here: table, history, inbox, activity, hypervisor,
 * request. The proxy delays the call in both directions and injects the faults that are due at it.
 */
export class FaultProxy {
  /** The number of calls at each boundary. */
  readonly callCounts = new Map<Boundary, number>();
  readonly injectedFaults: InjectedFault[] = [];
  /** When false, no fault is injected. Calls are still delayed. */
  faultsEnabled = true;
  readonly #clock: VirtualClock;
  readonly #latency: LatencyProfile;
  readonly #random: Random;
  readonly #faults = new Map<string, Fault[]>();

  constructor(options: { clock: VirtualClock; latency: LatencyProfile; random: Random; faults: readonly Fault[] }) {
    this.#clock = options.clock;
    this.#latency = options.latency;
    this.#random = options.random;
    for (const fault of options.faults) {
      const key = `${fault.at}/${fault.nth}`;
      this.#faults.set(key, [...(this.#faults.get(key) ?? []), fault]);
    }
  }

  /** Makes a call. `note` receives its result before the caller does. A call of a dead host never settles. */
  async call<T>(
    caller: Caller,
    at: Boundary,
    detail: string,
    effect: () => Promise<T>,
    note: (callResult: CallResult) => void = () => undefined,
  ): Promise<T> {
    const { lifetime } = caller;
    if (!lifetime.alive) return never();
    const faults = this.#faultsDue(at);
    const crash = faults.find((fault) => fault.kind === "crash");
    const storeFault = faults.find((fault) => fault.kind === "store-fault");
    for (const fault of faults) this.#inject(caller, fault);
    await this.#delay();
    if (crash && !crash.after) this.#crash(caller, crash, detail, false);
    if (!lifetime.alive && !this.#arrivesAfterCrash()) return never();
    if (storeFault) await this.#before(caller, storeFault, detail);
    const result = await effect();
    const corruption = faults.find((fault) => fault.kind === "row-corruption");
    if (corruption) caller.corruptRow(corruption, detail);
    const answered = lifetime.alive && !crash && !(storeFault && AFTER.has(storeFault.what));
    note({ applied: true, answered });
    if (crash?.after) this.#crash(caller, crash, detail, true);
    if (storeFault) this.#after(storeFault, detail);
    await this.#delay();
    if (lifetime.alive) return result;
    note({ applied: true, answered: false });
    return never();
  }

  #faultsDue(at: Boundary): Fault[] {
    const nth = (this.callCounts.get(at) ?? 0) + 1;
    this.callCounts.set(at, nth);
    return this.faultsEnabled ? (this.#faults.get(`${at}/${nth}`) ?? []) : [];
  }

  #inject(caller: Caller, fault: Fault): void {
    const { generation } = caller.lifetime;
    const atMs = this.#clock.now();
    if (fault.kind === "overlap") {
      caller.overlap(fault);
    } else if (fault.kind === "clock-jump") {
      caller.setClockSkew(fault.skewMs);
      this.injectedFaults.push({ atMs, kind: "clock-jump", generation, skewMs: fault.skewMs });
    }
  }

  #crash(caller: Caller, crash: FaultOf<"crash">, detail: string, applied: boolean): void {
    if (!caller.lifetime.alive) return;
    const { generation } = caller.lifetime;
    const atMs = this.#clock.now();
    this.injectedFaults.push({ atMs, kind: "crash", generation, at: crash.at, detail, applied });
    caller.crash(crash);
    this.#inFlight = crash.inFlight;
  }

  #inFlight = 0.5;

  /** A call that was in flight when its host died may still arrive. */
  #arrivesAfterCrash(): boolean {
    return this.#random.chance(this.#inFlight);
  }

  async #delay(): Promise<void> {
    const { delayProbability, maxDelayMs } = this.#latency;
    if (delayProbability > 0 && this.#random.chance(delayProbability))
      await sleep(this.#clock, this.#random.skewed(1, maxDelayMs));
  }

  async #before({ lifetime }: Caller, { at, what, forMs }: InjectedStoreFault, detail: string): Promise<void> {
    const { generation } = lifetime;
    this.injectedFaults.push({ atMs: this.#clock.now(), kind: "store-fault", generation, at, what, detail });
    await sleep(this.#clock, forMs);
    if (!lifetime.alive) return never();
    if (what === "unavailable" || what === "timeout-before") throw storeError(what);
  }

  #after({ what }: InjectedStoreFault, detail: string): void {
    if (what === "timeout-after") throw storeError(what);
    // A client that repeats a write after losing the answer meets its own write.
    if (what === "conflict") throw new TableConflict("changed", detail);
  }
}

const AFTER: ReadonlySet<StoreFault> = new Set(["timeout-after", "conflict"]);

const storeError = (what: StoreFault): RestError =>
  what === "unavailable"
    ? new RestError("The server is busy.", { statusCode: 503, code: "ServerBusy" })
    : new RestError("the connection was lost", { code: "REQUEST_SEND_ERROR" });
