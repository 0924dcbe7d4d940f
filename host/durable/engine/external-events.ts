import { Future } from "./future.js";

/**
 * The external events of one replay, and the waits for them. An event that arrives before a wait is buffered. The host
 * and the package compare names without case, but the orchestrator never sees an event whose name differs in case, so
 * such a difference produces a warning.
 */
export class ExternalEvents {
  readonly warnings: string[] = [];
  readonly #waiters = new Map<string, { name: string; future: Future }[]>();
  readonly #buffered = new Map<string, string[]>();

  waitFor(name: string): Future {
    const key = name.toLowerCase();
    const buffered = this.#buffered.get(key)?.shift();
    if (buffered !== undefined) {
      this.#warnIfCaseDiffers(buffered, name);
      return Future.settled(undefined);
    }
    const future = new Future();
    listAt(this.#waiters, key).push({ name, future });
    return future;
  }

  /** Gives the event to the most recent wait for its name, as the package does, or buffers it. */
  raise(name: string): void {
    const key = name.toLowerCase();
    const waiter = this.#waiters.get(key)?.pop();
    if (!waiter) {
      listAt(this.#buffered, key).push(name);
      return;
    }
    this.#warnIfCaseDiffers(name, waiter.name);
    waiter.future.settle(undefined);
  }

  #warnIfCaseDiffers(raised: string, awaited: string): void {
    if (raised === awaited) return;
    this.warnings.push(
      `the event '${raised}' was raised while the orchestrator waits for '${awaited}'. The names differ in case, so the orchestrator does not see the event. Raise it as '${awaited}'.`,
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
