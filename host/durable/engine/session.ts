import type { Alarm } from "../../clock.js";
import { EventType, type ExecutionStartedEvent, type HistoryEvent } from "../history.js";
import type { Commit, StoredEvent, StoredExecution, StoredInstance } from "../store/port.js";
import type { Episode } from "./decisions.js";
import { executionStarted } from "./events.js";
import { asReplayed } from "./payload.js";

/** Something that happened to an instance and is not yet in its history. */
export interface Message {
  event: HistoryEvent;
  /** The inbox key of a message from outside. */
  key?: string;
  /** Results and timers belong to one execution; messages from outside go to whichever is current. */
  executionId?: string;
  /** Of an activity's result: how often the storage had been out of reach when it began. */
  since?: number;
}

/** A task that was scheduled and has not ended. */
export interface OpenTask {
  event: HistoryEvent;
  input: string | null;
}

/** An episode that was told and counts once its commit is written. */
export interface Told {
  /** The messages that it took. */
  batch: Message[];
  /** Those that it leaves to the next generation. */
  carried: Message[];
  episode: Episode;
  commit: Commit;
}

/** `continueAsNew` commits a new generation as OrchestratorStarted, ExecutionStarted, OrchestratorCompleted. */
const GENERATION_ROWS = 3;

/** An unfinished instance in memory: its history, what waits to be processed, what is under way. */
export class Session {
  instance: StoredInstance;
  /** Committed history, and the same in the form given to user code. */
  readonly events: HistoryEvent[] = [];
  readonly replayed: unknown[] = [];
  readonly open = new Map<number, OpenTask>();
  readonly mailbox: Message[] = [];
  readonly alarms = new Map<number, Alarm>();
  readonly #warned = new Set<string>();
  overwriteBelow = 0;
  /** Messages from outside up to this key are history. */
  inboxThrough = "";
  /** Those up to this key are that, or wait for an episode. */
  handedThrough = "";
  /** The episode that is on its way into the store: no other is told before it is there. */
  told: Told | undefined;
  /** The next generation has been committed by `continueAsNew` and has not run yet. */
  continuing = false;
  queued = false;
  running = false;
  ended = false;
  /** How often in a row its episode could not be committed. */
  failures = 0;

  constructor(instance: StoredInstance) {
    this.instance = instance;
  }

  get id(): string {
    return this.instance.instanceId;
  }

  /** The event with which the current execution began; undefined before its first episode. */
  get started(): ExecutionStartedEvent | undefined {
    return this.events.find((event) => event.EventType === EventType.ExecutionStarted);
  }

  get hasWork(): boolean {
    return !this.ended && (this.told !== undefined || this.continuing || this.mailbox.length > 0);
  }

  /** What it begins with. */
  get start(): Message {
    return { event: executionStarted(this.instance), executionId: this.instance.executionId };
  }

  /** The next messages for an episode, at most so many; those that mean nothing any more, or end the same task twice, are dropped. */
  takeBatch(most: number): Message[] {
    if (this.continuing) return [];
    const batch: Message[] = [];
    const taken = new Set<string>();
    while (batch.length < most && this.mailbox.length > 0) {
      const message = this.mailbox.shift() as Message;
      const identity = endOf(message.event);
      if (!this.accepts(message) || (identity && taken.has(identity))) continue;
      if (identity) taken.add(identity);
      batch.push(message);
    }
    return batch;
  }

  /** Those that have not come up before. */
  notYetWarnedOf(warnings: readonly string[]): string[] {
    const fresh = warnings.filter((warning) => !this.#warned.has(warning));
    for (const warning of fresh) this.#warned.add(warning);
    return fresh;
  }

  /** Takes over what an episode committed. */
  append(rows: readonly StoredEvent[]): void {
    for (const { event, taskInput } of rows) {
      this.events.push(event);
      this.replayed.push(asReplayed(event));
      this.#track(event, taskInput);
    }
  }

  /** Forgets the old generation's history: rows of it stay in the store until the new one overwrites them. */
  beginGeneration(): void {
    this.overwriteBelow = Math.max(this.overwriteBelow, this.events.length);
    this.events.length = 0;
    this.replayed.length = 0;
    this.open.clear();
    this.cancelAlarms();
  }

  cancelAlarms(): void {
    for (const alarm of this.alarms.values()) alarm.cancel();
    this.alarms.clear();
  }

  /** Whether the message still means something: results of earlier executions or of ended tasks do not. */
  accepts(message: Message): boolean {
    if (message.executionId !== undefined && message.executionId !== this.instance.executionId) return false;
    const { event } = message;
    if ("TaskScheduledId" in event) return this.open.has(event.TaskScheduledId);
    return event.EventType !== EventType.TimerFired || this.open.has(event.TimerId);
  }

  #track(event: HistoryEvent, taskInput: string | null): void {
    switch (event.EventType) {
      case EventType.TaskScheduled:
      case EventType.TimerCreated:
      case EventType.SubOrchestrationInstanceCreated:
        this.open.set(event.EventId, { event, input: taskInput });
        return;
      case EventType.TimerFired:
        this.open.delete(event.TimerId);
        return;
      default:
        if ("TaskScheduledId" in event) this.open.delete(event.TaskScheduledId);
    }
  }

  /** Brings back an instance from what the store has of it. */
  static restore(instance: StoredInstance, execution: StoredExecution | undefined): Session {
    const session = new Session(instance);
    if (!execution) return session;
    session.overwriteBelow = execution.rowsPresent;
    if (execution.startId !== instance.startId) return session;
    session.append(execution.events);
    session.inboxThrough = execution.inboxThrough;
    session.handedThrough = execution.inboxThrough;
    instance.executionId = execution.executionId;
    instance.customStatus = execution.customStatus;
    if (session.started?.IsPlayed === false) {
      session.continuing = session.events.length === GENERATION_ROWS;
      if (!session.continuing) session.markPlayed();
    }
    return session;
  }

  /** The start of a generation counts as processed once its first episode is committed. */
  markPlayed(): void {
    for (const event of this.events.slice(1, GENERATION_ROWS)) event.IsPlayed = true;
  }
}

/** Names the task or timer that an event ends, so that a duplicate in the same batch is seen. */
function endOf(event: HistoryEvent): string | undefined {
  if ("TaskScheduledId" in event) return `task ${event.TaskScheduledId}`;
  return event.EventType === EventType.TimerFired ? `task ${event.TimerId}` : undefined;
}
