/**
 * Time as a parameter. All code of the host that reads the time or waits takes a Clock, so that tests and simulations
 * can run years of virtual time in a moment.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `callback` once, at or after `dueMs` (milliseconds since the epoch), never before it. */
  at(dueMs: number, callback: () => void): Alarm;
  /** Calls `callback` once, after at least `delayMs`. A clock that somebody sets forward or back does not change the wait. */
  after(delayMs: number, callback: () => void): Alarm;
}

/** A pending call of {@link Clock.at} or {@link Clock.after}. */
export interface Alarm {
  cancel(): void;
}

/** Node's timers are 32-bit and fire at once for a longer delay, so a long wait is split. */
const MAX_TIMEOUT_MS = 24 * 24 * 3_600_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  at: (dueMs, callback) => alarm(() => Date.now(), dueMs, callback),
  after: (delayMs, callback) => alarm(() => performance.now(), performance.now() + delayMs, callback),
};

function alarm(nowMs: () => number, dueMs: number, callback: () => void): Alarm {
  let handle: NodeJS.Timeout;
  const sleep = (): void => {
    const left = dueMs - nowMs();
    handle = setTimeout(left <= 0 ? callback : sleep, Math.min(Math.max(left, 0), MAX_TIMEOUT_MS));
  };
  sleep();
  return { cancel: () => clearTimeout(handle) };
}
