/*
 * The durable engine. It runs the instances of one task hub in this process; docs/explanation/engine.md explains how.
 *
 * I1. Nothing happens before it is committed: activities, timers and sub-orchestrations start only after the episode
 *     that decided them is in the history. Test: durable/lost-answer.test.ts ("and what it decided is carried out").
 * I2. After a crash, the engine does again what the history shows as decided and not ended. An activity therefore runs
 *     at least once, and its result enters the history once. Test: process/crash.test.ts ("20 orchestrations that were
 *     under way all finish, each step recorded once"), conformance/waiting-scenarios.ts ("what has not finished goes on").
 * I3. An instance has at most one session and at most one episode at a time. Test: durable/one-session.test.ts.
 * I4. A failure of one instance stops that instance only. Test: durable/poison.test.ts.
 * I5. When the hub is lost to another host, the engine starts no new work and writes no pending rows.
 *     Test: durable/lost-answer.test.ts ("never takes the place of what another host has written"),
 *     process/hub-lost.test.ts.
 * I6. With the same clock, store, ids and choices, two runs write the same history. Test: durable/determinism.test.ts.
 */

import { randomUUID } from "node:crypto";
import { HubLostError, type InboxMessage, type StoredInbox, type StoredInstance } from "../store/port.js";
import { EpisodePump } from "./episode-pump.js";
import { InFlight } from "./in-flight.js";
import { Inbox } from "./inbox.js";
import { InstanceLoader } from "./instance-loader.js";
import type { EngineContext, EngineOptions } from "./options.js";
import { Projection } from "./projection.js";
import type { Message, Session } from "./session.js";
import { SubOrchestrations } from "./sub-orchestrations.js";
import { InstanceSuspendedError, SuspendedInstances } from "./suspended-instances.js";
import { Tasks } from "./tasks.js";

/** Connects the parts of the engine, starts and stops them. */
export class Engine implements EngineContext {
  readonly options: EngineOptions;
  readonly sessions = new Map<string, Session>();
  readonly inFlight = new InFlight();
  readonly projection: Projection;
  readonly inbox: Inbox;
  readonly suspended: SuspendedInstances;
  readonly newGuid: () => string;
  readonly #tasks: Tasks;
  readonly #episodes: EpisodePump;
  readonly #loader: InstanceLoader;
  #lost = false;

  constructor(options: EngineOptions) {
    this.options = options;
    this.newGuid = options.newGuid ?? randomUUID;
    const { store, clock, logger } = options;
    const shared = { store, clock, inFlight: this.inFlight, onError: (error: unknown) => this.fail(error) };
    const subOrchestrations = new SubOrchestrations(this);
    this.projection = new Projection(shared);
    this.inbox = new Inbox({ ...shared, deliver: (id, messages) => this.deliverInbox(id, messages) });
    this.suspended = new SuspendedInstances({
      ...shared,
      logger,
      projection: this.projection,
      reportEnd: (instance, outcome) => subOrchestrations.reportEnd(instance, outcome),
    });
    this.#tasks = new Tasks(this, subOrchestrations);
    this.#episodes = new EpisodePump(this, this.#tasks, async (instanceId) => {
      this.drop(instanceId);
      await this.load(instanceId);
    });
    this.#loader = new InstanceLoader(this, this.suspended, this.#episodes);
  }

  begin(instance: StoredInstance): Session {
    return this.#loader.begin(instance);
  }

  session(instanceId: string): Promise<Session | undefined> {
    return this.#loader.session(instanceId);
  }

  load(instanceId: string, inbox?: StoredInbox): Promise<Session | undefined> {
    return this.#loader.load(instanceId, inbox);
  }

  drop(instanceId: string): void {
    this.#loader.drop(instanceId);
  }

  deliver(session: Session, message: Message): void {
    this.#episodes.deliver(session, message);
  }

  deliverInbox(instanceId: string, messages: InboxMessage[]): void {
    this.#loader.deliverInbox(instanceId, messages);
  }

  suspend(session: Session, error: unknown): void {
    if (session.hasEnded) return;
    this.drop(session.id);
    this.suspended.suspend(session.id, error, "what it decided could not be written: ");
  }

  /** Takes no new work and waits for the work in flight. */
  async stop(): Promise<void> {
    this.#stopWork();
    for (const session of this.sessions.values()) session.cancelAlarms();
    await this.inFlight.whenIdle();
    if (!this.#lost) await this.projection.flush();
    this.projection.close();
  }

  /** Reports a fault of the engine itself. Losing the hub ends the engine; any other fault is logged with its instance. */
  fail(error: unknown, session?: Session): void {
    if (this.#lost || error instanceof InstanceSuspendedError) return;
    const failure = error instanceof Error ? error : new Error(String(error));
    if (failure instanceof HubLostError) {
      this.#lost = true;
      this.#stopWork();
      this.options.onFatal?.(failure);
      return;
    }
    const fields = { category: "Host.Durable", ...(session ? { instanceId: session.id } : {}) };
    this.options.logger.log("error", `The durable engine failed: ${failure.message}`, fields);
  }

  #stopWork(): void {
    this.#episodes.stop();
    this.#tasks.stop();
  }
}
