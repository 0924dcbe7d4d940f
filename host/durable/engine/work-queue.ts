import type { Idle } from "./idle.js";

/** Runs queued work, so many at a time, choosing what comes next. */
export class WorkQueue<T> {
  readonly #waiting: T[] = [];
  #running = 0;
  #stopped = false;
  readonly #limit: number;
  readonly #choose: (count: number) => number;
  readonly #idle: Idle;
  readonly #work: (item: T) => Promise<void>;
  readonly #onError: (error: unknown) => void;

  constructor(options: {
    limit: number;
    choose: (count: number) => number;
    idle: Idle;
    work: (item: T) => Promise<void>;
    onError: (error: unknown) => void;
  }) {
    this.#limit = options.limit;
    this.#choose = options.choose;
    this.#idle = options.idle;
    this.#work = options.work;
    this.#onError = options.onError;
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.#pump();
  }

  /** Takes no new work; what runs goes on to its end. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
  }

  #pump(): void {
    while (!this.#stopped && this.#running < this.#limit && this.#waiting.length > 0) {
      const item = this.#take();
      this.#running += 1;
      this.#idle.run(
        () =>
          this.#work(item).finally(() => {
            this.#running -= 1;
            this.#pump();
          }),
        this.#onError,
      );
    }
  }

  #take(): T {
    const index = this.#waiting.length === 1 ? 0 : this.#choose(this.#waiting.length);
    return (index === 0 ? this.#waiting.shift() : this.#waiting.splice(index, 1)[0]) as T;
  }
}
