/*
 * A session is one unfinished instance in memory.
 *
 * I1. The run state moves idle → queued → running → idle, and running → backing-off → queued when a commit fails. `ended`
 *     is reached from every state and is final. An instance therefore never runs two episodes at the same time.
 *     Test: durable/one-session.test.ts.
 * I2. A prepared episode stays in the run state until it is committed, so a repeated attempt commits the same rows.
 *     Test: durable/lost-answer.test.ts ("an episode whose answer was lost is history once").
 * I3. A message is taken only while it has a meaning: a result of an earlier generation, of a task that has ended, or a
 *     second result of one task is dropped. Test: conformance/waiting-scenarios.ts ("continueAsNew carries state over
 *     three generations"), management/golden-engine.test.ts.
 * I4. A message of the inbox is taken once, and none before an earlier one. Test: durable/inbox.test.ts.
 * I5. Rows of an earlier generation that are still in the store are overwritten and never read as history.
 *     Test: durable/history-store.suite.ts ("a new generation takes the place of the old history").
 */

import type { Alarm } from "../../clock.js";
import { EventType, type ExecutionStartedEvent, type HistoryEvent } from "../history.js";
import type { Commit, StoredEvent, StoredExecution, StoredInstance } from "../store/port.js";
import type { Episode } from "./decisions.js";
import { executionStarted } from "./events.js";
import { asReplayed } from "./payload.js";

/** Something that happened to an instance and is not in its history yet. */
export interface Message {
  event: HistoryEvent;
  /** The inbox key, if the message came through the inbox. */
  key?: string;
  /** The execution that a result or a timer belongs to. A message without it goes to the current execution. */
  executionId?: string;
  /** For the result of an activity: how many outages the storage had had when the activity began. */
  outagesAtStart?: number;
}

/** A task that is scheduled and has not ended. */
export interface OpenTask {
  event: HistoryEvent;
  input: string | null;
}

/** An episode that is prepared and counts once its commit is written. */
export interface PendingCommit {
  /** The messages that the episode took. */
  batch: Message[];
  /** The messages that it left to the next generation. */
  carried: Message[];
  episode: Episode;
  commit: Commit;
}

/** The work on one episode, over all attempts to commit it. */
export interface Run {
  phase: "queued" | "running" | "backing-off";
  /** Attempts are numbered from 1. */
  attempt: number;
  /** Undefined until the episode is prepared. */
  pending: PendingCommit | undefined;
}

type RunState = { phase: "idle" } | Run | { phase: "ended" };

/** `continueAsNew` commits a new generation as OrchestratorStarted, ExecutionStarted, OrchestratorCompleted. */
const GENERATION_ROWS = 3;

/** The history of an instance, its waiting messages, its open tasks, and the state of its present episode. */
export class Session {
  readonly instance: StoredInstance;
  /** The committed history, and the same events in the form that user code receives. */
  readonly events: HistoryEvent[] = [];
  readonly replayed: unknown[] = [];
  readonly open = new Map<number, OpenTask>();
  readonly mailbox: Message[] = [];
  readonly alarms = new Map<number, Alarm>();
  /** Inbox keys: messages up to `committed` are in the history, messages up to `delivered` are there or in the mailbox. */
  readonly inboxPosition = { committed: "", delivered: "" };
  /** The messages up to `#restoredThrough` are in the restored history; `#received` are the keys of those that came later. */
  #restoredThrough = "";
  readonly #received = new Set<string>();
  readonly #warned = new Set<string>();
  #state: RunState = { phase: "idle" };
  /** Rows below this index may be in the store already, left by an earlier generation. */
  #overwriteBelow = 0;
  /** `continueAsNew` has committed the next generation, which has not run yet. */
  #isNewGeneration = false;

  constructor(instance: StoredInstance) {
    this.instance = instance;
  }

  /** Restores an instance from the store. */
  static restore(instance: StoredInstance, execution: StoredExecution | undefined): Session {
    const session = new Session(instance);
    if (!execution) return session;
    session.#overwriteBelow = execution.rowsPresent;
    if (execution.startId !== instance.startId) return session;
    session.append(execution.events);
    session.inboxPosition.committed = execution.inboxThrough;
    session.inboxPosition.delivered = execution.inboxThrough;
    session.#restoredThrough = execution.inboxThrough;
    instance.executionId = execution.executionId;
    instance.customStatus = execution.customStatus;
    if (session.#started?.IsPlayed === false) {
      session.#isNewGeneration = session.events.length === GENERATION_ROWS;
      if (!session.#isNewGeneration) session.#markStartPlayed();
    }
    return session;
  }

  get id(): string {
    return this.instance.instanceId;
  }

  /** The message that an instance begins with. */
  get start(): Message {
    return { event: executionStarted(this.instance), executionId: this.instance.executionId };
  }

  get overwriteBelow(): number {
    return this.#overwriteBelow;
  }

  get isNewGeneration(): boolean {
    return this.#isNewGeneration;
  }

  get hasEnded(): boolean {
    return this.#state.phase === "ended";
  }

  /** Moves to `queued` when the session is idle and has work. Answers whether it moved. */
  enqueue(): boolean {
    if (this.#state.phase !== "idle" || !(this.#isNewGeneration || this.mailbox.length > 0)) return false;
    this.#state = { phase: "queued", attempt: 1, pending: undefined };
    return true;
  }

  /** Moves from `queued` to `running`; undefined when the session ended in the queue. */
  startRun(): Run | undefined {
    if (this.#state.phase !== "queued") return undefined;
    this.#state.phase = "running";
    return this.#state;
  }

  finishRun(): void {
    if (this.#state.phase === "running") this.#state = { phase: "idle" };
  }

  backOff(): void {
    if (this.#state.phase === "running") this.#state.phase = "backing-off";
  }

  /** Moves from `backing-off` to `queued` for the next attempt. Answers whether it moved. */
  retryRun(): boolean {
    if (this.#state.phase !== "backing-off") return false;
    this.#state.phase = "queued";
    this.#state.attempt += 1;
    return true;
  }

  /** Its messages and results count no longer. */
  end(): void {
    this.#state = { phase: "ended" };
    this.cancelAlarms();
  }

  cancelAlarms(): void {
    for (const alarm of this.alarms.values()) alarm.cancel();
    this.alarms.clear();
  }

  hasReceived(key: string): boolean {
    return key <= this.#restoredThrough || this.#received.has(key);
  }

  /** Notes messages of the inbox, so that they are not delivered again. */
  receive(messages: readonly { key: string }[]): void {
    for (const { key } of messages) {
      this.#received.add(key);
      if (key > this.inboxPosition.delivered) this.inboxPosition.delivered = key;
    }
  }

  /** Takes at most `maxMessages` messages for an episode. Drops messages without a meaning and second results of a task. */
  takeBatch(maxMessages: number): Message[] {
    if (this.#isNewGeneration) return [];
    const batch: Message[] = [];
    const taken = new Set<number>();
    while (batch.length < maxMessages && this.mailbox.length > 0) {
      const message = this.mailbox.shift() as Message;
      const taskId = endedTask(message.event);
      if (!this.#accepts(message, taskId) || (taskId !== undefined && taken.has(taskId))) continue;
      if (taskId !== undefined) taken.add(taskId);
      batch.push(message);
    }
    return batch;
  }

  #accepts({ executionId }: Message, taskId: number | undefined): boolean {
    if (executionId !== undefined && executionId !== this.instance.executionId) return false;
    return taskId === undefined || this.open.has(taskId);
  }

  /** The warnings that this session has not given before. */
  newWarnings(warnings: readonly string[]): string[] {
    const fresh = warnings.filter((warning) => !this.#warned.has(warning));
    for (const warning of fresh) this.#warned.add(warning);
    return fresh;
  }

  /** Adds the rows of a committed episode. */
  append(rows: readonly StoredEvent[]): void {
    for (const { event, taskInput } of rows) {
      this.events.push(event);
      this.replayed.push(asReplayed(event));
      this.#track(event, taskInput);
    }
  }

  #track(event: HistoryEvent, taskInput: string | null): void {
    switch (event.EventType) {
      case EventType.TaskScheduled:
      case EventType.TimerCreated:
      case EventType.SubOrchestrationInstanceCreated:
        this.open.set(event.EventId, { event, input: taskInput });
        return;
      default: {
        const taskId = endedTask(event);
        if (taskId !== undefined) this.open.delete(taskId);
      }
    }
  }

  /** Drops the history of the old generation. Its rows stay in the store until the new generation overwrites them. */
  beginGeneration({ executionId, start }: NonNullable<Episode["generation"]>): void {
    this.#overwriteBelow = Math.max(this.#overwriteBelow, this.events.length);
    this.events.length = 0;
    this.replayed.length = 0;
    this.open.clear();
    this.cancelAlarms();
    Object.assign(this.instance, { executionId, input: start.Input, createdMs: Date.parse(start.Timestamp) });
    this.#isNewGeneration = true;
  }

  /** The first episode of a new generation is committed, so the start of the generation is processed. */
  completeGenerationStart(): void {
    if (this.#isNewGeneration) this.#markStartPlayed();
    this.#isNewGeneration = false;
  }

  #markStartPlayed(): void {
    for (const event of this.events.slice(1, GENERATION_ROWS)) event.IsPlayed = true;
  }

  get #started(): ExecutionStartedEvent | undefined {
    return this.events.find((event) => event.EventType === EventType.ExecutionStarted);
  }
}

/** The id of the task or timer that an event ends. Tasks and timers share one sequence of ids. */
function endedTask(event: HistoryEvent): number | undefined {
  if ("TaskScheduledId" in event) return event.TaskScheduledId;
  return event.EventType === EventType.TimerFired ? event.TimerId : undefined;
}
