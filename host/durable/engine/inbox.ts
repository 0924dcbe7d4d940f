import type { Clock } from "../../clock.js";
import type { HistoryEvent } from "../history.js";
import type { HistoryStore, InboxMessage } from "../store/port.js";

const BATCH = 100;

interface Waiting {
  message: InboxMessage;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Makes messages from outside durable before they are acknowledged. Messages of one instance are written in the
 * order of their keys, many at a time when they come fast, so that a later one never overtakes an earlier one.
 */
export class Inbox {
  readonly #queues = new Map<string, Waiting[]>();
  #lastMs = 0;
  #counter = 0;
  readonly #store: HistoryStore;
  readonly #clock: Clock;
  readonly #deliver: (instanceId: string, messages: InboxMessage[]) => void;

  constructor(options: {
    store: HistoryStore;
    clock: Clock;
    deliver: (instanceId: string, messages: InboxMessage[]) => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#deliver = options.deliver;
  }

  /** Resolves when the message is durable and on its way. */
  async put(instanceId: string, event: HistoryEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { message: { key: this.#nextKey(), event }, resolve, reject };
      const queue = this.#queues.get(instanceId);
      if (queue) {
        queue.push(waiting);
        return;
      }
      this.#queues.set(instanceId, [waiting]);
      void this.#write(instanceId);
    });
  }

  async #write(instanceId: string): Promise<void> {
    const queue = this.#queues.get(instanceId) ?? [];
    while (queue.length > 0) {
      const batch = queue.splice(0, BATCH);
      const messages = batch.map((waiting) => waiting.message);
      try {
        await this.#store.appendInbox(instanceId, messages);
        this.#deliver(instanceId, messages);
        for (const waiting of batch) waiting.resolve();
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    this.#queues.delete(instanceId);
  }

  /** Keys given from now on sort behind `key`, whatever the clock says. */
  continueAfter(key: string): void {
    if (key === "") return;
    this.#lastMs = Math.max(this.#lastMs, Number.parseInt(key.slice(0, 12), 16) + 1);
  }

  /** Keys sort in the order of asking, also when the clock is set back. */
  #nextKey(): string {
    const nowMs = Math.max(this.#clock.now(), this.#lastMs);
    this.#counter = nowMs === this.#lastMs ? this.#counter + 1 : 0;
    this.#lastMs = nowMs;
    return `${nowMs.toString(16).padStart(12, "0")}-${this.#counter.toString(16).padStart(8, "0")}`;
  }
}
