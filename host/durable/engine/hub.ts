import type { HistoryEvent } from "../history.js";
import { unusableId } from "../store/keys.js";
import { type StoredInstance, UnreadableError } from "../store/port.js";
import {
  type InstanceFilter,
  type InstancePage,
  type InstanceState,
  type StartRequest,
  type TaskHub,
  TaskHubError,
  TERMINAL_STATUSES,
} from "../task-hub.js";
import { Engine } from "./engine.js";
import { eventRaised, executionResumed, executionSuspended, executionTerminated } from "./events.js";
import type { EngineOptions } from "./options.js";
import { InstanceSuspendedError, ignoreSuspended } from "./suspended-instances.js";
import { UnfinishedInstances } from "./unfinished-instances.js";

const PURGE_PAGE_SIZE = 100;

/** The task hub that clients use: checks each request, makes it durable, and leaves the rest to the engine. */
export class EngineTaskHub implements TaskHub {
  readonly engine: Engine;
  readonly #unfinishedInstances: UnfinishedInstances;

  constructor(options: EngineOptions) {
    this.engine = new Engine(options);
    this.#unfinishedInstances = new UnfinishedInstances(this.engine);
  }

  get name(): string {
    return this.engine.options.hubName;
  }

  get #store() {
    return this.engine.options.store;
  }

  /**
   * Opens the store and loads every unfinished instance.
   *
   * @throws ConfigurationError when an unfinished instance has a version that this app must not run
   */
  async open(): Promise<void> {
    await this.#store.open();
    await this.#unfinishedInstances.open();
  }

  async close(): Promise<void> {
    this.#unfinishedInstances.close();
    await this.engine.stop();
  }

  start(request: StartRequest): Promise<{ instanceId: string; executionId: string }> {
    return this.#create(request, this.engine.newGuid());
  }

  async #create(request: StartRequest, executionId: string): Promise<{ instanceId: string; executionId: string }> {
    const instanceId = request.instanceId ?? this.engine.newGuid().replaceAll("-", "");
    const unusable = unusableId(instanceId);
    if (unusable !== undefined) throw new TaskHubError("invalid-id", unusable);
    const instance = this.#newInstance(instanceId, executionId, request);
    const existing = await this.#store.createInstance(instance);
    if (existing) await this.#replaceFinished(existing, instance);
    this.engine.begin(instance);
    return { instanceId, executionId: instance.executionId };
  }

  async #replaceFinished(existing: StoredInstance, instance: StoredInstance): Promise<void> {
    const present = await this.#current(existing.instanceId, existing);
    if (this.engine.options.replaceRunning) this.engine.drop(existing.instanceId);
    else if (present && !TERMINAL_STATUSES.has(present.runtimeStatus)) {
      throw new TaskHubError(
        "exists",
        `An Orchestration instance with the status ${present.runtimeStatus} already exists.`,
      );
    }
    instance.generation = (existing.generation ?? 0) + 1;
    await this.engine.projection.flush();
    await this.#store.replaceInstance(instance);
  }

  async get(instanceId: string): Promise<InstanceState | undefined> {
    return this.#current(instanceId);
  }

  /** The current state of an instance: from memory while it runs, otherwise from the store. */
  async #current(instanceId: string, known?: StoredInstance): Promise<StoredInstance | undefined> {
    const live = this.#live(instanceId);
    if (live) return this.#withSuspension(live);
    const stored = known ?? (await this.#read(instanceId));
    if (!stored) return undefined;
    // A host that this one has replaced may have started it after this one listed the unfinished instances.
    if (!TERMINAL_STATUSES.has(stored.runtimeStatus)) await ignoreSuspended(this.engine.session(instanceId));
    return this.#withSuspension(this.#live(instanceId) ?? stored);
  }

  #live(instanceId: string): StoredInstance | undefined {
    return this.engine.sessions.get(instanceId)?.instance ?? this.engine.projection.pending(instanceId);
  }

  async #read(instanceId: string): Promise<StoredInstance | undefined> {
    if (unusableId(instanceId) !== undefined) return undefined;
    try {
      return await this.#store.readInstance(instanceId);
    } catch (error) {
      if (error instanceof UnreadableError && error.standIn) return error.standIn;
      throw error;
    }
  }

  /** An instance that the engine cannot run is shown as suspended, with the reason as its output. */
  #withSuspension<I extends InstanceState>(instance: I): I {
    const reason = this.engine.suspended.reason(instance.instanceId);
    return reason === undefined ? { ...instance } : { ...instance, runtimeStatus: "Suspended", output: reason };
  }

  async history(instanceId: string): Promise<HistoryEvent[] | undefined> {
    const session = this.engine.sessions.get(instanceId);
    if (session) return [...session.events];
    const execution = await this.#store.readExecution(instanceId);
    if (execution) return execution.events.map((stored) => stored.event);
    return (await this.#store.readInstance(instanceId)) ? [] : undefined;
  }

  async list(filter: InstanceFilter, top: number, continuation?: string): Promise<InstancePage> {
    await this.engine.projection.flush();
    const page = await this.#store.listInstances(filter, top, continuation);
    return { ...page, instances: page.instances.map((instance) => this.#withSuspension(instance)) };
  }

  async raiseEvent(instanceId: string, name: string, data: string): Promise<void> {
    await this.#unfinished(instanceId);
    await this.engine.inbox.put(instanceId, eventRaised(name, data, this.#nowMs()));
  }

  async terminate(instanceId: string, reason: string | null): Promise<void> {
    const instance = await this.#unfinished(instanceId);
    if (this.#isSuspendedByEngine(instance)) await this.engine.suspended.terminate(instance, reason);
    else await this.engine.inbox.put(instanceId, executionTerminated(reason, this.#nowMs()));
  }

  async suspend(instanceId: string, reason: string | null): Promise<void> {
    const instance = await this.#unfinished(instanceId);
    if (instance.runtimeStatus === "Suspended") throw wrongState("suspend", instance);
    await this.engine.inbox.put(instanceId, executionSuspended(reason, this.#nowMs()));
  }

  async resume(instanceId: string, reason: string | null): Promise<void> {
    const instance = await this.#unfinished(instanceId);
    if (instance.runtimeStatus !== "Suspended") throw wrongState("resume", instance);
    if (this.#isSuspendedByEngine(instance)) return this.#loadAgain(instanceId);
    await this.engine.inbox.put(instanceId, executionResumed(reason, this.#nowMs()));
  }

  /** Whether the engine suspended the instance, or its row is unreadable. An instance that a client suspended is in memory. */
  #isSuspendedByEngine({ instanceId }: StoredInstance): boolean {
    return !this.engine.sessions.has(instanceId);
  }

  async #loadAgain(instanceId: string): Promise<void> {
    await this.engine.load(instanceId).catch((error: unknown) => {
      throw error instanceof InstanceSuspendedError ? new TaskHubError("wrong-state", error.message) : error;
    });
  }

  async restart(instanceId: string, newId: boolean): Promise<{ instanceId: string; executionId: string }> {
    const instance = await this.#current(instanceId);
    if (!instance) throw notFound(instanceId);
    const { name, input, version } = instance;
    const again = { name, input, ...(version === null ? {} : { version }), ...(newId ? {} : { instanceId }) };
    return this.#create(again, this.engine.newGuid().replaceAll("-", ""));
  }

  async purge(instanceId: string): Promise<void> {
    const instance = await this.#current(instanceId);
    if (!instance) throw notFound(instanceId);
    if (!TERMINAL_STATUSES.has(instance.runtimeStatus)) {
      throw new TaskHubError(
        "not-finished",
        `The orchestration instance ${instanceId} is in the ${instance.runtimeStatus} state; only finished instances can be purged. Terminate it first.`,
      );
    }
    await this.engine.projection.flush();
    await this.#store.purge(instanceId);
    this.engine.projection.forget(instanceId);
  }

  async purgeBy(filter: InstanceFilter): Promise<number> {
    const asked = filter.runtimeStatus?.length ? filter.runtimeStatus : [...TERMINAL_STATUSES];
    const finished = { ...filter, runtimeStatus: asked.filter((status) => TERMINAL_STATUSES.has(status)) };
    if (finished.runtimeStatus.length === 0) return 0;
    let purged = 0;
    for (;;) {
      const page = await this.list(finished, PURGE_PAGE_SIZE);
      for (const { instanceId } of page.instances) await this.#store.purge(instanceId);
      purged += page.instances.length;
      if (!page.continuation) return purged;
    }
  }

  #nowMs(): number {
    return this.engine.options.clock.now();
  }

  async #unfinished(instanceId: string): Promise<StoredInstance> {
    const instance = await this.#current(instanceId);
    if (!instance) throw notFound(instanceId);
    if (TERMINAL_STATUSES.has(instance.runtimeStatus)) {
      throw new TaskHubError(
        "finished",
        `The orchestration instance ${instanceId} has ended (${instance.runtimeStatus}).`,
      );
    }
    return instance;
  }

  #newInstance(instanceId: string, executionId: string, request: StartRequest): StoredInstance {
    const nowMs = this.#nowMs();
    return {
      instanceId,
      executionId,
      startId: this.engine.newGuid(),
      name: request.name,
      version: request.version ?? this.engine.options.defaultVersion ?? null,
      runtimeStatus: "Pending",
      input: request.input,
      output: null,
      customStatus: null,
      createdMs: nowMs,
      lastUpdatedMs: nowMs,
      completedMs: null,
      parentInstanceId: null,
      parent: null,
      generation: 0,
    };
  }
}

const notFound = (instanceId: string): TaskHubError =>
  new TaskHubError("not-found", `No orchestration instance has the id '${instanceId}'.`);

const wrongState = (verb: string, { instanceId, runtimeStatus }: StoredInstance): TaskHubError =>
  new TaskHubError(
    "wrong-state",
    `Cannot ${verb} the orchestration instance ${instanceId} because instance is in the ${runtimeStatus} state.`,
  );
