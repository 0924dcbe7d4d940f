import { RestError } from "@azure/data-tables";
import type { VirtualClock } from "../../../host/durable/engine/index.js";
import { TableConflict } from "../../../src/store/tables/port.js";
import type { Boundary, InjectedFault, StoreFault } from "../evidence.js";
import type { Fault, FaultOf } from "../generators/faults.js";
import type { Random } from "../random.js";
import { type HostLifetime, never, sleep } from "./host-lifetime.js";

/** Who goes through a gate: a host, and what may befall it. */
export interface Caller {
  readonly lifetime: HostLifetime;
  crash(fault: FaultOf<"crash">): void;
  overlap(fault: FaultOf<"overlap">): void;
  jump(skewMs: number): void;
  /** `subject` is the instance whose call it was, at the hub. */
  corruption(fault: FaultOf<"row-corruption">, subject: string): void;
}

/** How long calls take: how many are delayed at all, and by how much at most. */
export interface LatencyProfile {
  delayProbability: number;
  maxDelayMs: number;
}

/** Whether a call had its effect, and whether its caller will hear of it. */
export interface CallResult {
  applied: boolean;
  answered: boolean;
}

type InjectedStoreFault = FaultOf<"store-fault">;

/**
 * Every call that a host makes of the outside goes through here: table, history, inbox, activity, hypervisor, request.
 * The gate decides how long it takes on the way there and back, and what befalls it.
 */
export class FaultProxy {
  /** How often each boundary was passed. */
  readonly callCounts = new Map<Boundary, number>();
  readonly injectedFaults: InjectedFault[] = [];
  /** Once false nothing goes wrong any more; calls still take their time. */
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

  /** Makes a call. `note` hears how it went before the caller does; what a dead host asked for never settles. */
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
    if (corruption) caller.corruption(corruption, detail);
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
      caller.jump(fault.skewMs);
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

  /** A call that was on its way when its host died may arrive all the same. */
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
    // A client that repeats a write of which it lost the answer meets its own.
    if (what === "conflict") throw new TableConflict("changed", detail);
  }
}

const AFTER: ReadonlySet<StoreFault> = new Set(["timeout-after", "conflict"]);

const storeError = (what: StoreFault): RestError =>
  what === "unavailable"
    ? new RestError("The server is busy.", { statusCode: 503, code: "ServerBusy" })
    : new RestError("the connection was lost", { code: "REQUEST_SEND_ERROR" });
