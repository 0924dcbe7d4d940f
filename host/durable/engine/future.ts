/** What can be waited for, whatever its value. */
export interface Ended {
  readonly settled: boolean;
  whenSettled(listener: () => void): void;
}

/**
 * A result that may come later, settled synchronously. A replay must not depend on the event loop, so promises
 * are no use in it: listeners run at the moment of settling, in the order they came.
 */
export class Future<T = undefined> implements Ended {
  #listeners: ((value: T) => void)[] = [];
  #settled = false;
  #value: T | undefined;

  get settled(): boolean {
    return this.#settled;
  }

  /** Settles once; later calls are ignored, as late results are. */
  settle(value: T): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#value = value;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener(value);
  }

  whenSettled(listener: (value: T) => void): void {
    if (this.#settled) listener(this.#value as T);
    else this.#listeners.push(listener);
  }

  static settled<T>(value: T): Future<T> {
    const future = new Future<T>();
    future.settle(value);
    return future;
  }

  /** Settles when every one of `futures` has. */
  static all(futures: Ended[]): Future {
    const all = new Future();
    let open = futures.length;
    if (open === 0) all.settle(undefined);
    for (const future of futures) {
      future.whenSettled(() => {
        open -= 1;
        if (open === 0) all.settle(undefined);
      });
    }
    return all;
  }

  /** Settles when the first of `futures` has. */
  static any(futures: Ended[]): Future {
    const any = new Future();
    for (const future of futures) future.whenSettled(() => any.settle(undefined));
    return any;
  }
}
