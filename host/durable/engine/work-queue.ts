/*
 * The scheduler of episodes and of activities.
 *
 * I1. At most `limit` items run at the same time, and every item runs. Test: durable/limits.test.ts.
 * I2. `choose` alone decides which waiting item runs next, so a seed repeats the order of a run.
 *     Test: durable/determinism.test.ts; conformance/seeded-order.test.ts runs the scenarios in other orders.
 * I3. After `stop`, no item starts, and running items end. Test: process/crash.test.ts ("after SIGTERM the host ends by
 *     itself and goes on later without repeating a step").
 */

import type { InFlight } from "./in-flight.js";

interface WorkQueueOptions<T> {
  limit: number;
  /** Picks one of `count` waiting items. Default: the one that has waited longest. */
  choose: ((count: number) => number) | undefined;
  inFlight: InFlight;
  work: (item: T) => Promise<void>;
  onError: (error: unknown) => void;
}

/** Runs queued work with limited concurrency. */
export class WorkQueue<T> {
  readonly #options: WorkQueueOptions<T>;
  readonly #waiting: T[] = [];
  #running = 0;
  #stopped = false;

  constructor(options: WorkQueueOptions<T>) {
    this.#options = options;
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.#pump();
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  #pump(): void {
    const { inFlight, limit, onError, work } = this.#options;
    while (!this.#stopped && this.#running < limit && this.#waiting.length > 0) {
      const item = this.#take();
      this.#running += 1;
      inFlight.run(
        () =>
          work(item).finally(() => {
            this.#running -= 1;
            this.#pump();
          }),
        onError,
      );
    }
  }

  #take(): T {
    const { choose } = this.#options;
    const index = this.#waiting.length === 1 ? 0 : (choose?.(this.#waiting.length) ?? 0);
    return (index === 0 ? this.#waiting.shift() : this.#waiting.splice(index, 1)[0]) as T;
  }
}
