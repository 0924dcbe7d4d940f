import { EventType } from "../history.js";
import { HubLostError, type InboxMessage, type StoredInbox, type StoredInstance } from "../store/port.js";
import { isTransient } from "../store/transient-faults.js";
import { TERMINAL_STATUSES } from "../task-hub.js";
import type { EpisodePump } from "./episode-pump.js";
import type { EngineContext } from "./options.js";
import { Session } from "./session.js";
import { InstanceSuspendedError, type SuspendedInstances } from "./suspended-instances.js";

/**
 * Brings instances into memory, from a start or from the store, and removes them. It keeps one session per instance:
 * a second session would do everything twice.
 */
export class InstanceLoader {
  readonly #engine: EngineContext;
  readonly #suspended: SuspendedInstances;
  readonly #episodes: EpisodePump;
  readonly #loading = new Map<string, Promise<Session | undefined>>();

  constructor(engine: EngineContext, suspended: SuspendedInstances, episodes: EpisodePump) {
    this.#engine = engine;
    this.#suspended = suspended;
    this.#episodes = episodes;
  }

  /** Begins an instance that was just started. A reader may have found its row already and loaded it; then that session is used. */
  begin(instance: StoredInstance): Session {
    const { sessions } = this.#engine;
    const present = sessions.get(instance.instanceId);
    if (present?.instance.startId === instance.startId) return present;
    const session = new Session(instance);
    sessions.set(instance.instanceId, session);
    this.#episodes.deliver(session, session.start);
    return session;
  }

  /** The session of an unfinished instance. Rejects with {@link InstanceSuspendedError} while the instance is suspended. */
  async session(instanceId: string): Promise<Session | undefined> {
    const present = this.#engine.sessions.get(instanceId);
    if (present) return present;
    const reason = this.#suspended.reason(instanceId);
    if (reason !== undefined && !this.#loading.has(instanceId)) throw new InstanceSuspendedError(reason);
    return this.load(instanceId);
  }

  /**
   * Loads an instance and its waiting messages from the store. A suspended instance is tried again, and is no longer
   * suspended when this succeeds.
   *
   * @param inbox the whole inbox, if the caller has just read it
   */
  load(instanceId: string, inbox?: StoredInbox): Promise<Session | undefined> {
    const loading =
      this.#loading.get(instanceId) ??
      this.#loadOrSuspend(instanceId, inbox).finally(() => this.#loading.delete(instanceId));
    this.#loading.set(instanceId, loading);
    return loading;
  }

  /** Damaged rows suspend their own instance. A storage that does not answer is not a fault of the instance. */
  async #loadOrSuspend(instanceId: string, inbox: StoredInbox | undefined): Promise<Session | undefined> {
    try {
      const session = await this.#load(instanceId, inbox);
      this.#suspended.release(instanceId);
      return session;
    } catch (error) {
      throw error instanceof HubLostError || isTransient(error) ? error : this.#suspended.suspend(instanceId, error);
    }
  }

  /** Resolves with undefined when the instance has ended. */
  async #load(instanceId: string, known: StoredInbox | undefined): Promise<Session | undefined> {
    const { inbox, options, projection, sessions } = this.#engine;
    const instance = await options.store.readInstance(instanceId);
    if (!instance || TERMINAL_STATUSES.has(instance.runtimeStatus)) return undefined;
    const { messages, unreadable } = known ?? (await inbox.read());
    const damage = unreadable.get(instanceId);
    if (damage) throw damage;
    const session = Session.restore(instance, await options.store.readExecution(instanceId, instance.startId));
    inbox.continueAfter(session.inboxPosition.committed);
    const completed = session.events.find((event) => event.EventType === EventType.ExecutionCompleted);
    if (completed?.EventType === EventType.ExecutionCompleted) {
      projection.setStatus(instance, completed.OrchestrationStatus, completed.Result);
      return undefined;
    }
    const begun = sessions.get(instanceId);
    if (begun) return begun;
    sessions.set(instanceId, session);
    this.#episodes.resume(session);
    this.#deliverNew(instanceId, messages.get(instanceId) ?? []);
    this.#episodes.enqueue(session);
    return session;
  }

  /** Removes an instance whose id is taken by a new start, or that is loaded again. Its work in flight no longer counts. */
  drop(instanceId: string): void {
    const session = this.#engine.sessions.get(instanceId);
    if (!session) return;
    session.end();
    session.mailbox.length = 0;
    this.#engine.sessions.delete(instanceId);
  }

  /**
   * Delivers durable messages to their instance. Messages for a suspended instance stay in the store. Messages for an
   * instance that is being loaded are delivered after the messages that it finds in the store.
   */
  deliverInbox(instanceId: string, messages: InboxMessage[]): void {
    const deliver = (): void => {
      if (this.#suspended.reason(instanceId) === undefined) this.#deliverNew(instanceId, messages);
    };
    const loading = this.#loading.get(instanceId);
    if (loading) void loading.then(deliver, () => undefined);
    else deliver();
  }

  #deliverNew(instanceId: string, messages: InboxMessage[]): void {
    const session = this.#engine.sessions.get(instanceId);
    for (const message of this.#engine.inbox.takeUndelivered(session, instanceId, messages)) {
      if (session) this.#episodes.deliver(session, message);
    }
  }
}
