import type { Alarm, Clock } from "../../../host/clock.js";
import type { VirtualClock } from "../../../host/durable/engine/index.js";

/** Never settles: the result of a call from a dead host. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** Resolves after this much true virtual time. */
export const sleep = (clock: VirtualClock, ms: number): Promise<void> =>
  new Promise((resolve) => clock.at(clock.now() + ms, resolve));

/** The lifetime of one host process. It dies once, and none of its work continues afterwards. */
export class HostLifetime {
  readonly generation: number;
  readonly died: Promise<void>;
  #alive = true;
  #end: () => void = () => undefined;

  constructor(generation: number) {
    this.generation = generation;
    this.died = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
    this.#end();
  }
}

/** The clock of one host. It may be wrong, and its alarms end with the host. */
export class HostClock implements Clock {
  skewMs = 0;
  readonly #trueClock: VirtualClock;
  readonly #lifetime: HostLifetime;

  constructor(clock: VirtualClock, lifetime: HostLifetime) {
    this.#trueClock = clock;
    this.#lifetime = lifetime;
  }

  now(): number {
    return this.#trueClock.now() + this.skewMs;
  }

  at(dueMs: number, callback: () => void): Alarm {
    if (!this.#lifetime.alive) return { cancel: () => undefined };
    return this.#trueClock.at(dueMs - this.skewMs, () => {
      if (this.#lifetime.alive) this.#ring(dueMs, callback);
    });
  }

  after(delayMs: number, callback: () => void): Alarm {
    return this.#trueClock.after(delayMs, () => {
      if (this.#lifetime.alive) callback();
    });
  }

  /** A clock that was set back has not reached the time yet. */
  #ring(dueMs: number, callback: () => void): void {
    if (this.now() >= dueMs) callback();
    else this.at(dueMs, callback);
  }
}
