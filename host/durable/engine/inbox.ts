/*
 * The inbox: messages from clients (events, terminate, suspend, resume).
 *
 * I1. A message is durable before its sender gets an answer. Test: process/crash.test.ts ("acknowledged starts, events
 *     and terminations have not been lost").
 * I2. The messages of one instance are taken in the order in which they were sent, also when they were written in
 *     batches and when the clock was set back. Test: conformance/waiting-scenarios.ts ("events raised before they are
 *     awaited are kept, in order"), durable/inbox.test.ts ("an event is heard after one that a dead host kept").
 * I3. A message is delivered to its instance once, also across restarts: its key tells whether the history has it.
 *     Test: durable/inbox.test.ts.
 * I4. A message for a suspended instance stays in the store until the instance is resumed. Test: durable/inbox.test.ts
 *     ("an event that came while its instance stood still").
 */

import type { Clock } from "../../clock.js";
import type { HistoryEvent } from "../history.js";
import type { HistoryStore, InboxMessage, StoredInbox } from "../store/port.js";
import type { InFlight } from "./in-flight.js";
import type { Session } from "./session.js";

/** The most messages that the store accepts in one transaction. */
const MAX_BATCH = 100;

interface Waiting {
  message: InboxMessage;
  resolve: () => void;
  reject: (error: unknown) => void;
}

interface InboxOptions {
  store: HistoryStore;
  clock: Clock;
  inFlight: InFlight;
  onError(error: unknown): void;
  /** Called with messages once they are durable. */
  deliver(instanceId: string, messages: InboxMessage[]): void;
}

/**
 * Writes messages to the store before they are acknowledged. Only one write per instance is under way at a time, so
 * that no message overtakes an earlier one; messages that arrive meanwhile share the next write.
 */
export class Inbox {
  readonly #queues = new Map<string, Waiting[]>();
  #lastMs = 0;
  #counter = 0;
  readonly #options: InboxOptions;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Resolves when the message is durable and delivered to its instance. */
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
      const batch = queue.splice(0, MAX_BATCH);
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

  /** Reads all waiting messages. New keys sort after theirs, even if they come from a host whose clock was ahead. */
  async read(): Promise<StoredInbox> {
    const inbox = await this.#options.store.readInbox();
    for (const messages of inbox.messages.values()) this.continueAfter(messages.at(-1)?.key ?? "");
    return inbox;
  }

  /**
   * The messages that the session has not received yet. Messages that the history has, or that come after the end, are
   * deleted.
   */
  takeUndelivered(session: Session | undefined, instanceId: string, messages: InboxMessage[]): InboxMessage[] {
    if (!session) {
      this.drop(instanceId, messages);
      return [];
    }
    const { committed, delivered } = session.inboxPosition;
    this.drop(
      instanceId,
      messages.filter(({ key }) => key <= committed && session.hasReceived(key)),
    );
    const missing = messages.filter(({ key }) => !session.hasReceived(key));
    const fresh = missing.filter(({ key }) => key > delivered);
    session.receive(missing);
    for (const late of missing.filter(({ key }) => key <= delivered)) this.#sendAgain(instanceId, late);
    return fresh;
  }

  /**
   * A host that was replaced wrote the message after this host had delivered a later one. Under its old key it would
   * count as taken as soon as the later one is committed.
   */
  #sendAgain(instanceId: string, message: InboxMessage): void {
    const { inFlight, onError } = this.#options;
    inFlight.run(async () => {
      await this.put(instanceId, message.event);
      this.drop(instanceId, [message]);
    }, onError);
  }

  /** Deletes from the store those of an instance's messages that came through the inbox. */
  drop(instanceId: string, messages: readonly Partial<Pick<InboxMessage, "key">>[]): void {
    const keys = messages.flatMap(({ key }) => key ?? []);
    if (keys.length === 0) return;
    const { inFlight, store, onError } = this.#options;
    inFlight.run(() => store.deleteInbox(instanceId, keys), onError);
  }

  /** From now on new keys sort after `key`, whatever the clock says. */
  continueAfter(key: string): void {
    if (key === "") return;
    this.#lastMs = Math.max(this.#lastMs, Number.parseInt(key.slice(0, 12), 16) + 1);
  }

  /** Keys sort in the order of the calls, also when the clock is set back. */
  #nextKey(): string {
    const nowMs = Math.max(this.#options.clock.now(), this.#lastMs);
    this.#counter = nowMs === this.#lastMs ? this.#counter + 1 : 0;
    this.#lastMs = nowMs;
    return `${nowMs.toString(16).padStart(12, "0")}-${this.#counter.toString(16).padStart(8, "0")}`;
  }
}
