import { Future } from "./future.js";

/**
 * Waits for external events, and events that came before anybody waited. The host compares names without case,
 * the package with it: where only the case differs, the orchestrator never sees the event, so it is said.
 */
export class EventWaits {
  readonly warnings: string[] = [];
  readonly #waiters = new Map<string, { name: string; future: Future }[]>();
  readonly #buffered = new Map<string, string[]>();

  waitFor(name: string): Future {
    const key = name.toLowerCase();
    const buffered = this.#buffered.get(key)?.shift();
    if (buffered !== undefined) {
      this.#compare(buffered, name);
      return Future.settled(undefined);
    }
    const future = new Future();
    listAt(this.#waiters, key).push({ name, future });
    return future;
  }

  /** Gives the event to the most recent wait for it, as the package does, or keeps it. */
  raise(name: string): void {
    const key = name.toLowerCase();
    const waiter = this.#waiters.get(key)?.pop();
    if (!waiter) {
      listAt(this.#buffered, key).push(name);
      return;
    }
    this.#compare(name, waiter.name);
    waiter.future.settle(undefined);
  }

  #compare(raised: string, awaited: string): void {
    if (raised === awaited) return;
    this.warnings.push(
      `event '${raised}' was raised while '${awaited}' is awaited: the names differ in case only, and the orchestrator will not see it. Raise it as '${awaited}'.`,
    );
  }
}

function listAt<T>(map: Map<string, T[]>, key: string): T[] {
  const present = map.get(key);
  if (present) return present;
  const list: T[] = [];
  map.set(key, list);
  return list;
}
