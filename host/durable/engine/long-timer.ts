import type { TaskEnd } from "./decisions.js";
import { Future } from "./future.js";

/** A longer timer is a chain of shorter ones, because storage providers cannot hold a message for longer. */
const MAX_TIMER_MS = 6 * 86_400_000;
const CHAINED_TIMER_MS = 3 * 86_400_000;

/** One timer, or a chain of timers when `fireAtMs` is far away. A cancelled timer counts as fired. */
export function longTimer(
  fireAtMs: number,
  now: () => number,
  create: (fireAtMs: number) => Future<TaskEnd>,
  cancelled: boolean,
): Future {
  const done = new Future();
  const addTimer = (): void => {
    const isLast = fireAtMs - now() <= MAX_TIMER_MS;
    const timer = create(isLast ? fireAtMs : now() + CHAINED_TIMER_MS);
    timer.whenSettled(() => (isLast || cancelled ? done.settle(undefined) : addTimer()));
  };
  addTimer();
  return done;
}
