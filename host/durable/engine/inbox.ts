import type { Clock } from "../../clock.js";
import type { HistoryEvent } from "../history.js";
import type { HistoryStore, InboxMessage, StoredInbox } from "../store/port.js";
import type { Idle } from "./idle.js";
import type { Session } from "./session.js";

const BATCH = 100;

interface Waiting {
  message: InboxMessage;
  resolve: () => void;
  reject: (error: unknown) => void;
}

interface InboxOptions {
  store: HistoryStore;
  clock: Clock;
  idle: Idle;
  onError(error: unknown): void;
  /** Hands over messages that are durable now. */
  deliver(instanceId: string, messages: InboxMessage[]): void;
}

/**
 * Makes messages from outside durable before they are acknowledged. Messages of one instance are written in the
 * order of their keys, many at a time when they come fast, so that a later one never overtakes an earlier one.
 */
export class Inbox {
  readonly #queues = new Map<string, Waiting[]>();
  #lastMs = 0;
  #counter = 0;
  readonly #options: InboxOptions;

  constructor(options: InboxOptions) {
    this.#options = options;
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
        await this.#options.store.appendInbox(instanceId, messages);
        this.#options.deliver(instanceId, messages);
        for (const waiting of batch) waiting.resolve();
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    this.#queues.delete(instanceId);
  }

  /** What waits for anybody. Some was perhaps kept by a host whose clock ran ahead: what comes from now on sorts behind. */
  async read(): Promise<StoredInbox> {
    const inbox = await this.#options.store.readInbox();
    for (const messages of inbox.messages.values()) this.continueAfter(messages.at(-1)?.key ?? "");
    return inbox;
  }

  /** Those that a session has not been given yet; what is history already, or comes after its end, is dropped. */
  newTo(session: Session | undefined, instanceId: string, messages: InboxMessage[]): InboxMessage[] {
    this.drop(instanceId, session ? messages.filter(({ key }) => key <= session.inboxThrough) : messages);
    if (!session) return [];
    const fresh = messages.filter(({ key }) => key > session.handedThrough);
    session.handedThrough = fresh.at(-1)?.key ?? session.handedThrough;
    return fresh;
  }

  /** Deletes those among an instance's messages that came from outside. */
  drop(instanceId: string, messages: readonly Partial<Pick<InboxMessage, "key">>[]): void {
    const keys = messages.flatMap(({ key }) => key ?? []);
    if (keys.length === 0) return;
    const { idle, store, onError } = this.#options;
    idle.run(() => store.deleteInbox(instanceId, keys), onError);
  }

  /** Keys given from now on sort behind `key`, whatever the clock says. */
  continueAfter(key: string): void {
    if (key === "") return;
    this.#lastMs = Math.max(this.#lastMs, Number.parseInt(key.slice(0, 12), 16) + 1);
  }

  /** Keys sort in the order of asking, also when the clock is set back. */
  #nextKey(): string {
    const nowMs = Math.max(this.#options.clock.now(), this.#lastMs);
    this.#counter = nowMs === this.#lastMs ? this.#counter + 1 : 0;
    this.#lastMs = nowMs;
    return `${nowMs.toString(16).padStart(12, "0")}-${this.#counter.toString(16).padStart(8, "0")}`;
  }
}
