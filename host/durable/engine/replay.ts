import { EventType, type HistoryEvent } from "../history.js";
import type { OrchestratorAction, OrchestratorAnswer, RetryOptions } from "./answer.js";
import { ActionType } from "./answer.js";
import type { Decision, Ending, ReplayResult, TaskEnd } from "./decisions.js";
import { toJsonText } from "./events.js";
import { ExternalEvents } from "./external-events.js";
import { Future, type Settleable } from "./future.js";
import { longTimer } from "./long-timer.js";
import { GAVE_UP_EARLY, nonDeterministic, notServed, RETRY_OPEN_AT_FAILURE, tooManyActions } from "./replay-texts.js";
import { type RetryEnd, retry } from "./retry.js";

const WITH_RETRY: ReadonlySet<number> = new Set([
  ActionType.CallActivityWithRetry,
  ActionType.CallSubOrchestratorWithRetry,
]);

const KIND_BY_EVENT: Partial<Record<number, Decision["kind"]>> = {
  [EventType.TaskScheduled]: "activity",
  [EventType.TimerCreated]: "timer",
  [EventType.SubOrchestrationInstanceCreated]: "child",
};

/** A fault that ends the instance: no further replay can succeed. */
export class ReplayFault extends Error {}

/**
 * The host's half of a replay. The orchestrator answers with every action since the beginning of the execution. This
 * class performs the actions in order against the history and numbers them as the package does. The actions that the
 * history does not have are the new decisions.
 */
export class Replay {
  readonly #answer: OrchestratorAnswer;
  /** ISO text, parsed only when needed. ISO texts sort as times do. */
  #clock = "";
  #nextId = 0;
  #pending = new Map<number, Decision>();
  #parked = new Map<number, Decision>();
  #open = new Map<number, Future<TaskEnd>>();
  readonly #failed = new Set<Settleable>();
  #cancelled: number[] = [];
  readonly #events = new ExternalEvents();
  #delayed: HistoryEvent[] = [];
  #suspended = false;
  #finished = false;
  #next: { input: string | null } | undefined;
  #carriedOver = 0;
  #terminated: { reason: string | null } | undefined;
  #fault: string | undefined;

  readonly #maxActions: number;

  constructor(answer: OrchestratorAnswer, maxActions = Number.POSITIVE_INFINITY) {
    this.#answer = answer;
    this.#maxActions = maxActions;
  }

  /** @throws ReplayFault when the history does not fit the actions of the code */
  run(history: readonly HistoryEvent[]): ReplayResult {
    for (const event of history) {
      this.#feed(event);
      if (this.#terminated) break;
    }
    const ending = this.#ending();
    const decisions =
      ending && ending.kind !== "completed" && ending.kind !== "failed" ? [] : [...this.#pending.values()];
    return {
      decisions: decisions.sort((a, b) => a.id - b.id),
      ...(ending ? { ending } : {}),
      suspended: this.#suspended,
      nextId: this.#nextId,
      cancelledTimers: this.#cancelled,
      openTasks: this.#open.size,
      warnings: this.#events.warnings,
    };
  }

  #ending(): Ending | undefined {
    if (this.#terminated) return { kind: "terminated", reason: this.#terminated.reason };
    if (this.#fault !== undefined) return { kind: "failed", error: this.#fault };
    if (!this.#finished || this.#open.size > 0 || this.#suspended) return undefined;
    if (this.#next) return { kind: "continue-as-new", input: this.#next.input, carriedOver: this.#carriedOver };
    if (this.#answer.error !== undefined) return { kind: "failed", error: this.#answer.error };
    return this.#answer.isDone ? { kind: "completed", output: this.#answer.output } : undefined;
  }

  #feed(event: HistoryEvent): void {
    if (
      this.#suspended &&
      event.EventType !== EventType.ExecutionResumed &&
      event.EventType !== EventType.ExecutionTerminated
    ) {
      this.#delayed.push(event);
      return;
    }
    switch (event.EventType) {
      case EventType.OrchestratorStarted:
        if (event.Timestamp > this.#clock) this.#clock = event.Timestamp;
        return;
      case EventType.ExecutionStarted:
        this.#performFrom(0);
        return;
      case EventType.TaskScheduled:
      case EventType.TimerCreated:
      case EventType.SubOrchestrationInstanceCreated:
        this.#match(event);
        return;
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        this.#settle(event.TaskScheduledId, { failed: false, nonRetriable: false });
        return;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        this.#settle(event.TaskScheduledId, {
          failed: true,
          nonRetriable: event.FailureDetails?.IsNonRetriable === true,
        });
        return;
      case EventType.TimerFired:
        this.#settle(event.TimerId, { failed: false, nonRetriable: false });
        return;
      case EventType.EventRaised:
        this.#raise(event.Name);
        return;
      case EventType.ExecutionSuspended:
        this.#suspended = true;
        this.#parked = this.#pending;
        this.#pending = new Map();
        return;
      case EventType.ExecutionResumed:
        this.#resume();
        return;
      case EventType.ExecutionTerminated:
        this.#terminated = { reason: event.Input };
        return;
      default:
        return;
    }
  }

  #nowMs(): number {
    return Date.parse(this.#clock);
  }

  #resume(): void {
    if (!this.#suspended) return;
    this.#suspended = false;
    for (const [id, decision] of this.#parked) this.#pending.set(id, decision);
    this.#parked = new Map();
    const delayed = this.#delayed;
    this.#delayed = [];
    for (const event of delayed) this.#feed(event);
  }

  /** Performs the actions from `index` on. Each starts when the action before it has settled. */
  #performFrom(index: number): void {
    for (let i = index; i < this.#answer.actions.length; i += 1) {
      const done = this.#perform(this.#answer.actions[i] as OrchestratorAction);
      if (!done.settled) {
        done.whenSettled(() => this.#performFrom(i + 1));
        return;
      }
    }
    this.#finished = this.#answer.isDone || this.#answer.error !== undefined;
  }

  #perform(action: OrchestratorAction): Settleable {
    switch (action.actionType) {
      case ActionType.CallActivity:
        return this.#callActivity(action.functionName, action.input);
      case ActionType.CallActivityWithRetry:
        return this.#retry(action.retryOptions, () => this.#callActivity(action.functionName, action.input));
      case ActionType.CallSubOrchestrator:
        return this.#callChild(action);
      case ActionType.CallSubOrchestratorWithRetry:
        return this.#retry(action.retryOptions, () => this.#callChild(action));
      case ActionType.ContinueAsNew:
        this.#next = { input: toJsonText(action.input) };
        return Future.settled(undefined);
      case ActionType.CreateTimer:
        return longTimer(
          typeof action.fireAt === "string" ? Date.parse(action.fireAt) : action.fireAt.getTime(),
          () => this.#nowMs(),
          (fireAtMs) => this.#createTimer(fireAtMs, action.isCanceled),
          action.isCanceled,
        );
      case ActionType.WaitForExternalEvent:
        return this.#events.waitFor(action.externalEventName);
      case ActionType.WhenAll:
        return this.#performAll(action.compoundActions);
      case ActionType.WhenAny:
        return Future.any(action.compoundActions.map((child) => this.#perform(child)));
      default:
        throw new ReplayFault(notServed(action));
    }
  }

  #performAll(actions: readonly OrchestratorAction[]): Future {
    const children = actions.map((child) => this.#perform(child));
    const withRetry = children.filter((_, index) => WITH_RETRY.has(actions[index]?.actionType ?? -1));
    for (const child of withRetry.length > 0 ? children : []) {
      child.whenSettled(() => {
        if (this.#failed.has(child) && withRetry.some((other) => !other.settled))
          this.#events.warnings.push(RETRY_OPEN_AT_FAILURE);
      });
    }
    return Future.all(children);
  }

  #callActivity(name: string, input: unknown): Future<TaskEnd> {
    return this.#schedule((id) => ({ kind: "activity", id, name, input }));
  }

  #callChild(action: {
    functionName: string;
    instanceId?: string;
    version?: string;
    input?: unknown;
  }): Future<TaskEnd> {
    return this.#schedule((id) => ({
      kind: "child",
      id,
      name: action.functionName,
      instanceId: action.instanceId,
      version: action.version ?? null,
      input: action.input,
    }));
  }

  #createTimer(fireAtMs: number, cancelled: boolean): Future<TaskEnd> {
    const timer = this.#schedule((id) => ({ kind: "timer", id, fireAtMs }));
    if (!cancelled) return timer;
    const id = this.#nextId - 1;
    this.#open.delete(id);
    this.#cancelled.push(id);
    timer.settle({ failed: false, nonRetriable: false });
    return timer;
  }

  #schedule(decide: (id: number) => Decision): Future<TaskEnd> {
    const id = this.#nextId;
    this.#nextId += 1;
    if (id >= this.#maxActions) throw new ReplayFault(tooManyActions(this.#maxActions));
    this.#pending.set(id, decide(id));
    const future = new Future<TaskEnd>();
    this.#open.set(id, future);
    return future;
  }

  #retry(options: RetryOptions, attempt: () => Future<TaskEnd>): Future<RetryEnd> {
    const done = retry(options, {
      attempt,
      now: () => this.#nowMs(),
      timer: (fireAtMs) => this.#createTimer(fireAtMs, false),
    });
    done.whenSettled((end) => {
      if (end === "exhausted") this.#failed.add(done);
      if (end === "gave-up-early") this.#fault = GAVE_UP_EARLY;
    });
    return done;
  }

  #settle(id: number, end: TaskEnd): void {
    const task = this.#open.get(id);
    this.#open.delete(id);
    if (task && end.failed) this.#failed.add(task);
    task?.settle(end);
  }

  #raise(name: string): void {
    if (this.#next) this.#carriedOver += 1;
    else this.#events.raise(name);
  }

  /** The code must request the recorded action again. Otherwise the code has changed since the instance started. */
  #match(event: HistoryEvent): void {
    const requested = this.#pending.get(event.EventId);
    const kind = KIND_BY_EVENT[event.EventType];
    const name = "Name" in event ? event.Name : undefined;
    const same =
      requested?.kind === kind &&
      (name === undefined || (requested && "name" in requested && requested.name.toLowerCase() === name.toLowerCase()));
    if (!same) throw new ReplayFault(nonDeterministic(event.EventId, kind ?? "task", name, requested));
    this.#pending.delete(event.EventId);
  }
}
