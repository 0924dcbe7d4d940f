import type { Alarm, Clock } from "../../clock.js";
import type { EngineTaskHub } from "./hub.js";

interface Armed {
  dueMs: number;
  order: number;
  callback: (() => void) | undefined;
}

const before = (a: Armed, b: Armed): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

/** A clock that moves only by `ring` and `advance`: a test of a week takes milliseconds and repeats exactly. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #nextOrder = 0;
  /** A heap, so that a simulation with many alarms finds the next one fast. A cancelled alarm is removed when it is next. */
  readonly #alarms: Armed[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  at(dueMs: number, callback: () => void): Alarm {
    const alarm: Armed = { dueMs, order: this.#nextOrder, callback };
    this.#nextOrder += 1;
    this.#alarms.push(alarm);
    this.#rise(this.#alarms.length - 1);
    return {
      cancel: () => {
        alarm.callback = undefined;
      },
    };
  }

  after(delayMs: number, callback: () => void): Alarm {
    return this.at(this.#nowMs + delayMs, callback);
  }

  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  /** Moves to the next alarm and calls it. Answers false when there is none. */
  ring(): boolean {
    const next = this.#next();
    if (next === undefined) return false;
    const { callback } = next;
    this.#take();
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    callback?.();
    return true;
  }

  /** Moves time forward without calling any alarm. Alarms that are due by then are called by the next `ring`. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }

  #next(): Armed | undefined {
    while (this.#alarms[0] !== undefined && this.#alarms[0].callback === undefined) this.#take();
    return this.#alarms[0];
  }

  #take(): void {
    const last = this.#alarms.pop();
    if (last === undefined || this.#alarms.length === 0) return;
    this.#alarms[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const above = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, above)) return;
      at = above;
    }
  }

  #sink(from: number): void {
    for (let at = from; ; ) {
      const left = 2 * at + 1;
      const [a, b] = [this.#alarms[left], this.#alarms[left + 1]];
      const least = a !== undefined && b !== undefined && before(b, a) ? left + 1 : left;
      if (a === undefined || !this.#swapIfBefore(least, at)) return;
      at = least;
    }
  }

  /** Exchanges two alarms when the first is due before the second. Answers whether it did. */
  #swapIfBefore(first: number, second: number): boolean {
    const [a, b] = [this.#alarms[first], this.#alarms[second]];
    if (a === undefined || b === undefined || !before(a, b)) return false;
    this.#alarms[first] = b;
    this.#alarms[second] = a;
    return true;
  }
}

/**
 * Runs the hub, and moves the clock whenever no work is in flight, until `done` holds.
 *
 * @throws Error when no alarm is left, or `limitMs` of virtual time have passed
 */
export async function runInVirtualTime(
  hub: EngineTaskHub,
  clock: VirtualClock,
  done: () => boolean | Promise<boolean>,
  limitMs = 365 * 86_400_000,
): Promise<void> {
  const endMs = clock.now() + limitMs;
  for (;;) {
    await hub.engine.inFlight.whenIdle();
    if (await done()) return;
    const due = clock.nextDueMs;
    if (due === undefined)
      throw new Error("No work is in flight and no alarm is set, but the condition does not hold.");
    if (due > endMs) throw new Error(`The condition does not hold after ${limitMs} ms of virtual time.`);
    clock.ring();
  }
}

/** Whole numbers from 0 to `bound` - 1 that look random and are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}
