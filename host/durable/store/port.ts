import type { HistoryEvent, ParentRef } from "../history.js";
import type { InstanceFilter, InstancePage, InstanceState } from "../task-hub.js";

/** An instance's own row: the durable acknowledgement of its start, later a projection of its history. */
export interface StoredInstance extends InstanceState {
  /** Names the start that this row acknowledges; it stays when `continueAsNew` changes the execution id. */
  startId: string;
  parent: ParentRef | null;
  generation: number | null;
  completedMs: number | null;
}

/** One history row: the event, and for a scheduled activity or child the input that history itself does not keep. */
export interface StoredEvent {
  event: HistoryEvent;
  /** JSON text; null when the task has no input or the event schedules none. */
  taskInput: string | null;
}

/** What an episode leaves behind, written as one transaction (several when it exceeds what a transaction takes). */
export interface Commit {
  /** Names the commit, so that a repeat of it is told from what another host wrote. */
  commitId: string;
  instanceId: string;
  executionId: string;
  startId: string;
  /** Index of the first of `events` in this execution's history. */
  firstRow: number;
  /** The last one is the OrchestratorCompleted that makes the episode count; rows behind the last such are ignored. */
  events: StoredEvent[];
  /** Rows below this index may exist, left by an earlier execution, and are overwritten. */
  overwriteBelow: number;
  /** Set in the first commit of an execution and in its last. */
  checkpoint: boolean;
  /** JSON text or null, when the custom status changed. */
  customStatus?: string | null;
  /** {@link HistoryStore.outages} when the first of the activities began whose results these events are; left out when there is none. */
  since?: number;
  /** Inbox messages up to this key are part of the history now. */
  inboxThrough?: string;
  committedMs: number;
}

/** A committed execution as read back. */
export interface StoredExecution {
  executionId: string;
  startId: string;
  events: StoredEvent[];
  customStatus: string | null;
  inboxThrough: string;
  /** Rows in the partition, leftovers of earlier executions included. */
  rowsPresent: number;
}

/** A message from outside that was acknowledged and is not yet history. Keys sort in the order of arrival. */
export interface InboxMessage {
  key: string;
  event: HistoryEvent;
}

/** A row that was damaged or written by a newer program. The message names the row and says what to do. */
export class UnreadableError extends Error {
  override name = "UnreadableError";
  /** Of an instance's own row: what is shown in its place. */
  readonly standIn: StoredInstance | undefined;

  constructor(row: string, error: unknown, standIn?: (reason: string) => StoredInstance) {
    const reason = error instanceof Error ? error.message : String(error);
    super(`${row} can't be read: ${reason}. It was damaged, or written by a newer version. Repair it in the storage.`);
    this.standIn = standIn?.(this.message);
  }
}

/** What is said of an unfinished instance without reading it whole. */
export type Unfinished = Pick<StoredInstance, "instanceId" | "name" | "version"> & { isChild: boolean };

/** This host may not go on with the hub, since another has it or its storage went back in time: it must stop at once. */
export class HubLostError extends Error {
  override name = "HubLostError";
}

/**
 * The storage was out of reach since the activities ran of which the commit tells. Nothing of it was written: a storage that
 * was killed has perhaps lost what they wrote, so they have to run again.
 */
export class OutdatedError extends Error {
  override name = "OutdatedError";
  override message = "The storage was out of reach since the activities ran; they run again.";
}

/** The inbox as read back: messages by instance, in order, and which instances have one that can't be read. */
export interface StoredInbox {
  messages: Map<string, InboxMessage[]>;
  unreadable: Map<string, UnreadableError>;
}

/**
 * Where a task hub lives. Reading one instance rejects with {@link UnreadableError} when its rows are damaged; lists
 * show such an instance as suspended, with the reason as its output. Writes resolve when they are durable. Adapters retry passing faults themselves
 * (throttling, a storage that restarts) and reject only for what will not pass.
 */
export interface HistoryStore {
  /** Grows whenever the storage is found to be out of reach. */
  readonly outages: number;
  /** The app uses the storage from now on until what this gives back is called: outages are looked for all the time. */
  watch(): () => void;
  /** Makes sure that tables and containers exist. */
  open(): Promise<void>;
  /** Inserts the row; resolves with the one that stands in its way, if any. A repeat with the same `startId` succeeds. */
  createInstance(instance: StoredInstance): Promise<StoredInstance | undefined>;
  /** Puts a new start in place of a finished one, and drops the old history and inbox. */
  replaceInstance(instance: StoredInstance): Promise<void>;
  /**
   * Writes the projection: status, output, custom status and times. A final status stays: a host that was replaced may
   * still write what it knew.
   */
  updateInstance(instance: StoredInstance): Promise<void>;
  readInstance(instanceId: string): Promise<StoredInstance | undefined>;
  listInstances(filter: InstanceFilter, top: number, continuation?: string): Promise<InstancePage>;
  /** Every instance whose row is not in a terminal status. */
  unfinishedInstances(): Promise<Unfinished[]>;
  /** Removes row, history, inbox and large values. */
  purge(instanceId: string): Promise<void>;

  /**
   * Rejects with {@link HubLostError} when somebody else has written these rows, and with {@link OutdatedError}. A repeat of the newest commit of the
   * instance succeeds, whether or not it was written, or only in part.
   */
  commit(commit: Commit): Promise<void>;
  /** With `startId`, what is left of an earlier start counts as no history and is not read. */
  readExecution(instanceId: string, startId?: string): Promise<StoredExecution | undefined>;

  /** At most 100 messages of one instance, in order. */
  appendInbox(instanceId: string, messages: InboxMessage[]): Promise<void>;
  deleteInbox(instanceId: string, keys: string[]): Promise<void>;
  /** All messages not yet deleted. */
  readInbox(): Promise<StoredInbox>;
}
