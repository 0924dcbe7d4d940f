import type { Alarm, Clock } from "../../clock.js";

/** A clock that moves only when told to: a week passes in a moment, and in the same way each time. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #nextOrder = 0;
  readonly #alarms = new Set<{ dueMs: number; order: number; callback: () => void }>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  at(dueMs: number, callback: () => void): Alarm {
    const alarm = { dueMs, order: this.#nextOrder, callback };
    this.#nextOrder += 1;
    this.#alarms.add(alarm);
    return { cancel: () => this.#alarms.delete(alarm) };
  }

  /** When the next alarm is due, if there is one. */
  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  /** Goes to the next alarm and rings it; false when there is none. */
  ring(): boolean {
    const next = this.#next();
    if (!next) return false;
    this.#alarms.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    next.callback();
    return true;
  }

  /** Lets time pass without ringing anything: alarms that fell due ring next. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }

  #next(): { dueMs: number; order: number; callback: () => void } | undefined {
    let next: { dueMs: number; order: number; callback: () => void } | undefined;
    for (const alarm of this.#alarms) {
      if (!next || alarm.dueMs < next.dueMs || (alarm.dueMs === next.dueMs && alarm.order < next.order)) next = alarm;
    }
    return next;
  }
}
