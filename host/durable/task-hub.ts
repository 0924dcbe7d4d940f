import type { HistoryEvent } from "./history.js";

export type RuntimeStatus =
  | "Pending"
  | "Running"
  | "Suspended"
  | "Completed"
  | "Failed"
  | "Terminated"
  | "ContinuedAsNew"
  | "Canceled";

const STATUSES: Record<RuntimeStatus, true> = {
  Pending: true,
  Running: true,
  Suspended: true,
  Completed: true,
  Failed: true,
  Terminated: true,
  ContinuedAsNew: true,
  Canceled: true,
};

export const isRuntimeStatus = (text: string): text is RuntimeStatus => Object.hasOwn(STATUSES, text);

export const TERMINAL_STATUSES: ReadonlySet<RuntimeStatus> = new Set(["Completed", "Failed", "Terminated", "Canceled"]);

/** The state of an instance. `input`, `output` and `customStatus` are the stored texts: JSON, or plain text after a failure. */
export interface InstanceState {
  instanceId: string;
  executionId: string;
  name: string;
  version: string | null;
  runtimeStatus: RuntimeStatus;
  input: string | null;
  output: string | null;
  customStatus: string | null;
  /** Milliseconds since the epoch. */
  createdMs: number;
  lastUpdatedMs: number;
  parentInstanceId: string | null;
}

export interface StartRequest {
  name: string;
  /** Default: a new id of 32 hex digits. */
  instanceId?: string | undefined;
  version?: string | undefined;
  /** JSON text; null for no input. */
  input: string | null;
}

export interface InstanceFilter {
  instanceIdPrefix?: string;
  createdFromMs?: number;
  createdToMs?: number;
  /** Empty or absent means every status. */
  runtimeStatus?: RuntimeStatus[];
}

export interface InstancePage {
  instances: InstanceState[];
  /** Where the next page begins; absent on the last page. */
  continuation?: string;
}

/** The hub refused a request. The code decides the HTTP status; the message is for a person. */
export class TaskHubError extends Error {
  readonly code: "exists" | "not-found" | "finished" | "not-finished" | "invalid-id" | "wrong-state" | "not-served";
  constructor(code: TaskHubError["code"], message: string) {
    super(message);
    this.name = "TaskHubError";
    this.code = code;
  }
}

/**
 * The operations of a task hub that clients may use. A method that changes something resolves only when the change is
 * durable and survives a SIGKILL of the host.
 */
export interface TaskHub {
  readonly name: string;
  /** Rejects with `exists` while an unfinished instance has the id, and with `invalid-id` for an id that cannot be stored. */
  start(request: StartRequest): Promise<{ instanceId: string; executionId: string }>;
  get(instanceId: string): Promise<InstanceState | undefined>;
  /** The committed events of the current execution; undefined for an unknown instance. */
  history(instanceId: string): Promise<HistoryEvent[] | undefined>;
  /** Sorted by instance id. `continuation` comes from an earlier page; `top` limits the size of this page. */
  list(filter: InstanceFilter, top: number, continuation?: string): Promise<InstancePage>;
  /** `data` is JSON text. This and the next three methods reject with `not-found` or `finished`. */
  raiseEvent(instanceId: string, name: string, data: string): Promise<void>;
  terminate(instanceId: string, reason: string | null): Promise<void>;
  /** Rejects with `wrong-state` when the instance is already suspended. */
  suspend(instanceId: string, reason: string | null): Promise<void>;
  /** Rejects with `wrong-state` when the instance is not suspended. */
  resume(instanceId: string, reason: string | null): Promise<void>;
  /** Starts the stored name and input again, under a new id or the same id. */
  restart(instanceId: string, newId: boolean): Promise<{ instanceId: string; executionId: string }>;
  /** Rejects with `not-found`, or with `not-finished` for a running instance. */
  purge(instanceId: string): Promise<void>;
  /** Deletes finished instances only. Resolves with their number. */
  purgeBy(filter: InstanceFilter): Promise<number>;
}
