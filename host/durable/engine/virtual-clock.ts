import type { Alarm, Clock } from "../../clock.js";

interface Armed {
  dueMs: number;
  order: number;
  callback: (() => void) | undefined;
}

const before = (a: Armed, b: Armed): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

/** A clock that moves only when told to: a week passes in a moment, and in the same way each time. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #nextOrder = 0;
  /** A heap, so that a simulation of many machines finds its next alarm at once. Cancelled ones go when they come up. */
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

  /** When the next alarm is due, if there is one. */
  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  /** Goes to the next alarm and rings it; false when there is none. */
  ring(): boolean {
    const next = this.#next();
    if (next === undefined) return false;
    const { callback } = next;
    this.#take();
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    callback?.();
    return true;
  }

  /** Lets time pass without ringing anything: alarms that fell due ring next. */
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

  /** Exchanges two alarms when the first one is due before the second. */
  #swapIfBefore(first: number, second: number): boolean {
    const [a, b] = [this.#alarms[first], this.#alarms[second]];
    if (a === undefined || b === undefined || !before(a, b)) return false;
    this.#alarms[first] = b;
    this.#alarms[second] = a;
    return true;
  }
}
