/**
 * Time as a parameter. Everything in the host that needs to know the time, or to wait, takes a Clock;
 * only `main.ts` hands in the system one, so tests and simulations can run years in a moment.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `callback` once, at or after `dueMs` (milliseconds since the epoch), never before it. */
  at(dueMs: number, callback: () => void): Alarm;
}

/** A pending call of {@link Clock.at}. */
export interface Alarm {
  cancel(): void;
}

/** Node's timers are 32-bit: a longer wait returns at once, so it is taken in legs. */
const LONGEST_LEG_MS = 24 * 24 * 3_600_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  at(dueMs, callback) {
    let handle: NodeJS.Timeout;
    const sleep = (): void => {
      const left = dueMs - Date.now();
      handle = setTimeout(left <= 0 ? callback : sleep, Math.min(Math.max(left, 0), LONGEST_LEG_MS));
    };
    sleep();
    return { cancel: () => clearTimeout(handle) };
  },
};
