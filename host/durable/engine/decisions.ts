import type { ExecutionStartedEvent } from "../history.js";
import type { StoredEvent } from "../store/port.js";

/** A new task that an episode decided: it becomes one history event and is then carried out. */
export type Decision =
  | { kind: "activity"; id: number; name: string; input: unknown }
  | { kind: "timer"; id: number; fireAtMs: number }
  | { kind: "child"; id: number; name: string; instanceId: string | undefined; version: string | null; input: unknown };

export type Ending =
  | { kind: "completed"; output: string | null }
  | { kind: "failed"; error: string }
  | { kind: "terminated"; reason: string | null }
  /** `carriedOver` counts the last events of the batch, which go to the next generation. */
  | { kind: "continue-as-new"; input: string | null; carriedOver: number };

export interface ReplayResult {
  /** New tasks in the order of their ids. */
  decisions: Decision[];
  ending?: Ending;
  suspended: boolean;
  /** The id of the final event. */
  nextId: number;
  /** Timers that user code cancelled, which need not fire. */
  cancelledTimers: number[];
  /** How many open tasks keep an orchestrator running that has already returned. */
  openTasks: number;
  /** Mismatches that the package does not report. */
  warnings: string[];
}

/** How one task ended, as far as retries need it. */
export interface TaskEnd {
  failed: boolean;
  nonRetriable: boolean;
}

/** The result of one episode. Nothing of it counts until it is committed. */
export interface Episode {
  rows: StoredEvent[];
  /** Set when the rows replace the present history with a new generation. */
  generation?: { executionId: string; start: ExecutionStartedEvent };
  ended?: { status: "Completed" | "Failed" | "Terminated"; output: string | null; error: string | null };
  suspended: boolean;
  customStatus: string | null;
  cancelledTimers: number[];
  /** How many of the last events of the batch go to the next generation. */
  carriedOver: number;
  warnings: string[];
}
