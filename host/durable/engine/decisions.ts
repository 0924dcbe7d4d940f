import type { ExecutionStartedEvent } from "../history.js";
import type { StoredEvent } from "../store/port.js";

/** Something new that an episode decided, to be written as one history event and then carried out. */
export type Decision =
  | { kind: "activity"; id: number; name: string; input: unknown }
  | { kind: "timer"; id: number; fireAtMs: number }
  | { kind: "child"; id: number; name: string; instanceId: string | undefined; version: string | null; input: unknown };

export type Ending =
  | { kind: "completed"; output: string | null }
  | { kind: "failed"; error: string }
  | { kind: "terminated"; reason: string | null }
  /** `carriedOver` counts the last events of the batch, which belong to the next generation. */
  | { kind: "continue-as-new"; input: string | null; carriedOver: number };

export interface ReplayResult {
  /** New work in id order. */
  decisions: Decision[];
  ending?: Ending;
  suspended: boolean;
  /** The id that the final event takes. */
  nextId: number;
  /** Timers that user code cancelled: they need not fire any more. */
  cancelledTimers: number[];
  /** What still holds back an orchestrator that has already returned. */
  openTasks: number;
  /** Things a person should know: mismatches that the package does not report. */
  warnings: string[];
}

/** How one task ended, as far as retries must know. */
export interface TaskEnd {
  failed: boolean;
  nonRetriable: boolean;
}

/** What one episode comes to; nothing of it counts until it is committed. */
export interface Episode {
  rows: StoredEvent[];
  /** Set when the rows begin a new generation in place of the present history. */
  generation?: { executionId: string; start: ExecutionStartedEvent };
  ended?: { status: "Completed" | "Failed" | "Terminated"; output: string | null; error: string | null };
  suspended: boolean;
  customStatus: string | null;
  cancelledTimers: number[];
  /** Messages that the next generation gets: the last so many of the batch. */
  carriedOver: number;
  warnings: string[];
}
