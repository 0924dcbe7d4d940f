import { randomUUID } from "node:crypto";
import { EventType } from "../history.js";
import { isPassing } from "../store/passing-faults.js";
import {
  HubLostError,
  type InboxMessage,
  OutdatedError,
  type StoredInbox,
  type StoredInstance,
} from "../store/port.js";
import { TERMINAL_STATUSES } from "../task-hub.js";
import { logWarnings, tellEpisode } from "./commit.js";
import type { Episode } from "./decisions.js";
import type { EngineCore } from "./engine-core.js";
import type { EpisodeDeps } from "./episode.js";
import { HeldBack, HeldBackError } from "./held-back.js";
import { Idle } from "./idle.js";
import { Inbox } from "./inbox.js";
import type { EngineOptions } from "./options.js";
import { Projection } from "./projection.js";
import { type Message, Session, type Told } from "./session.js";
import { Tasks } from "./tasks.js";
import { WorkQueue } from "./work-queue.js";

/** The most messages that one episode takes: a commit should stay small enough for a few transactions. */
const MESSAGES_PER_EPISODE = 500;

/** The store has retried already when an episode fails; what is left may need a person. */
const RETRY_EPISODE_MS = 30_000;
const MOST_FAILURES = 5;

/**
 * Runs orchestrations: takes messages, replays, commits what an episode decided as one transaction, and only then
 * carries it out. After a crash the history says what was decided and has not ended; it is simply done again.
 */
export class Engine implements EngineCore {
  readonly options: EngineOptions;
  readonly sessions = new Map<string, Session>();
  readonly idle = new Idle();
  readonly heldBack: HeldBack;
  readonly projection: Projection;
  readonly inbox: Inbox;
  readonly newGuid: () => string;
  readonly #episodes: WorkQueue<Session>;
  readonly #tasks: Tasks;
  readonly #loading = new Map<string, Promise<Session | undefined>>();
  readonly #deps: EpisodeDeps;
  #stopped = false;
  #lost = false;

  constructor(options: EngineOptions) {
    this.options = options;
    this.heldBack = new HeldBack(this);
    this.newGuid = options.newGuid ?? randomUUID;
    const { store, clock, app } = options;
    const choose = options.choose ?? (() => 0);
    const onError = (error: unknown): void => this.fail(error);
    this.projection = new Projection({ store, clock, idle: this.idle, onError });
    this.inbox = new Inbox({
      store,
      clock,
      idle: this.idle,
      onError,
      deliver: (instanceId, messages) => this.deliverInbox(instanceId, messages),
    });
    this.#episodes = new WorkQueue({
      limit: options.maxConcurrentOrchestrators,
      choose,
      idle: this.idle,
      onError,
      work: (session) => this.#runOne(session),
    });
    this.#tasks = new Tasks(this);
    this.#deps = {
      app,
      now: () => clock.now(),
      newId: () => this.newGuid().replaceAll("-", ""),
      strict: options.replay === "every-step",
      maxActions: options.maxActions ?? Number.POSITIVE_INFINITY,
    };
  }

  /** Takes up what has just been started, unless somebody who found it in the store has: two sessions would do all twice. */
  begin(instance: StoredInstance): Session {
    const present = this.sessions.get(instance.instanceId);
    if (present?.instance.startId === instance.startId) return present;
    const session = new Session(instance);
    this.sessions.set(instance.instanceId, session);
    this.deliver(session, session.start);
    return session;
  }

  /** The session of an unfinished instance; rejects with {@link HeldBackError} for one that stands still. */
  async session(instanceId: string): Promise<Session | undefined> {
    const present = this.sessions.get(instanceId);
    if (present) return present;
    const reason = this.heldBack.reasonOf(instanceId);
    if (reason !== undefined && !this.#loading.has(instanceId)) throw new HeldBackError(reason);
    return this.takeUp(instanceId);
  }

  /**
   * Takes an instance up from the store with the messages that wait for it, also one that stands still, which does so no
   * more once it goes on. `inbox` is what waits for anybody, if that was read just now.
   */
  takeUp(instanceId: string, inbox?: StoredInbox): Promise<Session | undefined> {
    const loading =
      this.#loading.get(instanceId) ??
      this.#loadOrHold(instanceId, inbox).finally(() => this.#loading.delete(instanceId));
    this.#loading.set(instanceId, loading);
    return loading;
  }

  /** What can't be read stops its own instance only; a storage that does not answer is no fault of the instance. */
  async #loadOrHold(instanceId: string, inbox: StoredInbox | undefined): Promise<Session | undefined> {
    try {
      const session = await this.#load(instanceId, inbox);
      this.heldBack.release(instanceId);
      return session;
    } catch (error) {
      throw error instanceof HubLostError || isPassing(error) ? error : this.heldBack.hold(instanceId, error);
    }
  }

  /** Takes up an instance from the store where it stood; undefined when it has ended. */
  async #load(instanceId: string, known: StoredInbox | undefined): Promise<Session | undefined> {
    const instance = await this.options.store.readInstance(instanceId);
    if (!instance || TERMINAL_STATUSES.has(instance.runtimeStatus)) return undefined;
    const { messages, unreadable } = known ?? (await this.inbox.read());
    const damage = unreadable.get(instanceId);
    if (damage) throw damage;
    const session = Session.restore(instance, await this.options.store.readExecution(instanceId, instance.startId));
    this.inbox.continueAfter(session.inboxThrough);
    const completed = session.events.find((event) => event.EventType === EventType.ExecutionCompleted);
    if (completed?.EventType === EventType.ExecutionCompleted) {
      this.projection.stands(instance, completed.OrchestrationStatus, completed.Result);
      return undefined;
    }
    const begun = this.sessions.get(instanceId);
    if (begun) return begun;
    this.sessions.set(instanceId, session);
    if (session.events.length === 0) this.deliver(session, session.start);
    else this.#tasks.carryOut(session);
    this.#handOver(instanceId, messages.get(instanceId) ?? []);
    this.#enqueue(session);
    return session;
  }

  /** Lets go of an instance whose id a new start takes over: what it still has under way counts no more. */
  drop(instanceId: string): void {
    const session = this.sessions.get(instanceId);
    if (!session) return;
    session.ended = true;
    session.cancelAlarms();
    session.mailbox.length = 0;
    this.sessions.delete(instanceId);
  }

  /**
   * Hands over durable messages, and drops those that are history already or come too late. Those for an instance that
   * stands still wait in the store; those for one that is being taken up follow what waits for it.
   */
  deliverInbox(instanceId: string, messages: InboxMessage[]): void {
    const loading = this.#loading.get(instanceId);
    const handOver = (): void => {
      if (this.heldBack.reasonOf(instanceId) === undefined) this.#handOver(instanceId, messages);
    };
    if (loading) void loading.then(handOver, () => undefined);
    else handOver();
  }

  #handOver(instanceId: string, messages: InboxMessage[]): void {
    const session = this.sessions.get(instanceId);
    for (const message of this.inbox.newTo(session, instanceId, messages)) {
      if (session) this.deliver(session, message);
    }
  }

  deliver(session: Session, message: Message): void {
    if (this.#stopped || session.ended) return;
    session.mailbox.push(message);
    this.#enqueue(session);
  }

  /** Stops taking work and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#episodes.stop();
    this.#tasks.stop();
    for (const session of this.sessions.values()) session.cancelAlarms();
    await this.idle.whenIdle();
    if (!this.#lost) await this.projection.flush();
    this.projection.close();
  }

  /** A fault of the engine itself. Losing the hub ends it; anything else is logged with what it hit. */
  fail(error: unknown, session?: Session): void {
    if (this.#lost || error instanceof HeldBackError) return;
    const failure = error instanceof Error ? error : new Error(String(error));
    const fields = { category: "Host.Durable", ...(session ? { instanceId: session.id } : {}) };
    if (failure instanceof HubLostError) this.#lose(failure);
    else this.options.logger.log("error", `The durable engine failed: ${failure.message}`, fields);
  }

  #lose(failure: HubLostError): void {
    this.#lost = true;
    this.#stopped = true;
    this.#episodes.stop();
    this.#tasks.stop();
    this.options.onFatal?.(failure);
  }

  #enqueue(session: Session): void {
    if (session.queued || session.running || !session.hasWork) return;
    session.queued = true;
    this.#episodes.add(session);
  }

  async #runOne(session: Session): Promise<void> {
    session.queued = false;
    session.running = true;
    try {
      await this.#episode(session);
    } catch (error) {
      if (error instanceof OutdatedError) return this.#takeUpAnew(session.id);
      this.fail(error, session);
      return this.#tryLater(session, error);
    }
    session.failures = 0;
    session.running = false;
    this.#enqueue(session);
  }

  /** What its activities wrote is perhaps gone: it goes on from what is stored, as after a start, and they run again. */
  async #takeUpAnew(instanceId: string): Promise<void> {
    this.drop(instanceId);
    await this.takeUp(instanceId);
  }

  /** The episode could not be committed: nothing of it counts yet. After some tries its instance stands still. */
  #tryLater(session: Session, error: unknown): void {
    if (this.#stopped) return;
    session.failures += 1;
    if (session.failures === MOST_FAILURES) {
      this.drop(session.id);
      this.heldBack.hold(session.id, error, "what it came to could not be written: ");
      return;
    }
    this.options.clock.at(this.options.clock.now() + RETRY_EPISODE_MS, () => {
      session.running = false;
      this.#enqueue(session);
    });
  }

  /** One that was told and not written is written as it was told: the store may have it, or another host's in its place. */
  async #episode(session: Session): Promise<void> {
    const most = this.options.replay === "every-step" ? 1 : MESSAGES_PER_EPISODE;
    session.told ??= await tellEpisode(session, most, this.#deps);
    if (session.told === undefined) return;
    const { told } = session;
    await this.options.store.commit(told.commit);
    session.told = undefined;
    this.#takeOver(session, told);
  }

  /** The episode counts: the session goes on from it, and what it decided is carried out. */
  #takeOver(session: Session, { batch, carried, episode, commit }: Told): void {
    session.inboxThrough = commit.inboxThrough ?? session.inboxThrough;
    logWarnings(session, episode.warnings, this.options.logger);
    session.mailbox.unshift(...carried);
    this.inbox.drop(session.id, batch);
    if (episode.generation) {
      session.beginGeneration();
      const { executionId, start } = episode.generation;
      Object.assign(session.instance, { executionId, input: start.Input, createdMs: Date.parse(start.Timestamp) });
      session.continuing = true;
    } else if (session.continuing) {
      session.markPlayed();
      session.continuing = false;
    }
    session.append(episode.rows);
    session.instance.customStatus = episode.customStatus;
    this.#tasks.cancelTimers(session, episode.cancelledTimers);
    this.projection.cameTo(session.instance, batch, episode);
    if (episode.ended) this.#end(session, episode.ended);
    else
      this.#tasks.carryOut(
        session,
        episode.rows.map((row) => row.event),
      );
  }

  #end(session: Session, ended: NonNullable<Episode["ended"]>): void {
    session.cancelAlarms();
    this.sessions.delete(session.id);
    session.ended = true;
    this.inbox.drop(session.id, session.mailbox.splice(0));
    this.#tasks.reportEnd(session, ended);
  }
}
