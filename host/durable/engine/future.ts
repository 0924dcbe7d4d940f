/** A future of any value. */
export interface Settleable {
  readonly settled: boolean;
  whenSettled(listener: () => void): void;
}

/**
 * A result that may come later. A replay must not depend on the event loop, so it cannot use promises: a future calls
 * its listeners synchronously when it settles, in the order in which they were added.
 */
export class Future<T = undefined> implements Settleable {
  #listeners: ((value: T) => void)[] = [];
  #settled = false;
  #value: T | undefined;

  get settled(): boolean {
    return this.#settled;
  }

  /** Settles once. Later calls are ignored. */
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

  /** Settles when all `futures` have settled. */
  static all(futures: Settleable[]): Future {
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

  /** Settles when the first of `futures` has settled. */
  static any(futures: Settleable[]): Future {
    const any = new Future();
    for (const future of futures) future.whenSettled(() => any.settle(undefined));
    return any;
  }
}
