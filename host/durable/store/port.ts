import type { HistoryEvent, ParentRef } from "../history.js";
import type { InstanceFilter, InstancePage, InstanceState } from "../task-hub.js";

/** The row of an instance: first the durable record of its start, later a projection of its history. */
export interface StoredInstance extends InstanceState {
  /** Identifies the start that created this row. It stays the same when `continueAsNew` changes the execution id. */
  startId: string;
  parent: ParentRef | null;
  generation: number | null;
  completedMs: number | null;
}

/** One history row: the event, and the input of the task that it schedules, which events do not keep. */
export interface StoredEvent {
  event: HistoryEvent;
  /** JSON text; null when the task has no input or the event schedules none. */
  taskInput: string | null;
}

/** The result of an episode, written as one transaction (several when it is too large for one). */
export interface Commit {
  /** Identifies the commit, so that a repeat of it differs from a commit of another host. */
  commitId: string;
  instanceId: string;
  executionId: string;
  startId: string;
  /** Index of the first of `events` in this execution's history. */
  firstRow: number;
  /** The last event is the OrchestratorCompleted that makes the episode count. Rows after the last such event are ignored. */
  events: StoredEvent[];
  /** Rows below this index may be left over from an earlier execution and are overwritten. */
  overwriteBelow: number;
  /** Set in the first commit of an execution and in its last. */
  checkpoint: boolean;
  /** JSON text or null; absent when the custom status did not change. */
  customStatus?: string | null;
  /** The value of {@link HistoryStore.outages} when the earliest activity began whose result is among `events`. */
  outagesAtStart?: number;
  /** Inbox messages up to this key are part of the history with this commit. */
  inboxThrough?: string;
  committedMs: number;
}

/** A committed execution, read from the store. */
export interface StoredExecution {
  executionId: string;
  startId: string;
  events: StoredEvent[];
  customStatus: string | null;
  inboxThrough: string;
  /** The number of rows in the partition, including rows left over from earlier executions. */
  rowsPresent: number;
}

/** A message from a client that is acknowledged and not in the history yet. Keys sort in the order of arrival. */
export interface InboxMessage {
  key: string;
  event: HistoryEvent;
}

/** A row is damaged, or a newer version wrote it. The message names the row and says what to do. */
export class UnreadableError extends Error {
  override name = "UnreadableError";
  /** Shown in place of the instance, when the unreadable row is its own. */
  readonly standIn: StoredInstance | undefined;

  constructor(row: string, error: unknown, standIn?: (reason: string) => StoredInstance) {
    const reason = error instanceof Error ? error.message : String(error);
    super(`${row} can't be read: ${reason}. It is damaged, or a newer version wrote it. Repair it in the storage.`);
    this.standIn = standIn?.(this.message);
  }
}

/**
 * The storage refuses a request again and again, although it takes others: something in this request is not acceptable
 * to it. Only the instance that the request is for is concerned.
 */
export class RefusedError extends Error {
  override name = "RefusedError";

  /** @param what says what the request was for */
  constructor(what: string, error: unknown) {
    const reason = (error instanceof Error ? error.message : String(error)).trim().replaceAll(/\s+/g, " ");
    super(
      `The storage refuses a request (${what}) and takes others: ${reason || "it gave no reason"}. ` +
        "Probably it cannot hold what this instance has to write, or rows of the instance are damaged. Repair them in the storage.",
    );
  }
}

/** An unfinished instance, as a list of instances shows it. */
export type Unfinished = Pick<StoredInstance, "instanceId" | "name" | "version"> & { isChild: boolean };

/** Another host has the hub, or its storage has lost data. This host must stop at once. */
export class HubLostError extends Error {
  override name = "HubLostError";
}

/**
 * There was an outage since the activities ran whose results the commit contains. A killed storage may have lost what
 * they wrote, so the commit was not written and the activities must run again.
 */
export class OutdatedError extends Error {
  override name = "OutdatedError";
  override message = "The storage was unreachable after the activities began, so they run again.";
}

/** The inbox, read from the store: the messages of each instance in order, and the instances with an unreadable message. */
export interface StoredInbox {
  messages: Map<string, InboxMessage[]>;
  unreadable: Map<string, UnreadableError>;
}

/**
 * The storage of a task hub. Writes resolve when they are durable. Adapters retry transient faults (throttling, a storage
 * that restarts) and reject only with other errors: with {@link RefusedError} when the storage refuses only this request. Reading one instance rejects with {@link UnreadableError} when its
 * rows are damaged; lists show such an instance as suspended, with the reason as its output.
 */
export interface HistoryStore {
  /** Grows whenever the storage is found to be unreachable. */
  readonly outages: number;
  /** Looks for outages all the time until the returned function is called. For times when the app uses the storage. */
  watch(): () => void;
  /** Creates missing tables and containers. */
  open(): Promise<void>;
  /** Inserts the row. Resolves with an existing row of another start that has the same id. A repeat with the same `startId` succeeds. */
  createInstance(instance: StoredInstance): Promise<StoredInstance | undefined>;
  /** Replaces an instance by a new start, and deletes the old history and inbox. */
  replaceInstance(instance: StoredInstance): Promise<void>;
  /**
   * Writes the projection: status, output, custom status and times. A final status is never overwritten, because a host
   * that was replaced may still write its older state.
   */
  updateInstance(instance: StoredInstance): Promise<void>;
  readInstance(instanceId: string): Promise<StoredInstance | undefined>;
  listInstances(filter: InstanceFilter, top: number, continuation?: string): Promise<InstancePage>;
  /** Every instance whose row has no terminal status. */
  unfinishedInstances(): Promise<Unfinished[]>;
  /** Removes row, history, inbox and large values. */
  purge(instanceId: string): Promise<void>;

  /**
   * Rejects with {@link HubLostError} when another host has written these rows, and with {@link OutdatedError} after an
   * outage. A repeat of the newest commit of an instance succeeds, whether it was written, partly written, or not at all.
   */
  commit(commit: Commit): Promise<void>;
  /** With `startId`, rows of an earlier start are ignored. */
  readExecution(instanceId: string, startId?: string): Promise<StoredExecution | undefined>;

  /** At most 100 messages of one instance, in order. */
  appendInbox(instanceId: string, messages: InboxMessage[]): Promise<void>;
  deleteInbox(instanceId: string, keys: string[]): Promise<void>;
  /** All messages not yet deleted. */
  readInbox(): Promise<StoredInbox>;
}
