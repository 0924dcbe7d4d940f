/**
 * When the sweep of a process reads an execution again whose orchestration runs and that is owed nothing. Ten thousand
 * executions that wait for people would otherwise be read each minute.
 *
 * - Q1 A process reads each execution at its first sweep, so what a crash left is repaired as soon as a host runs again.
 * - Q2 After some minutes in which nothing was owed, an execution is idle. However many are idle, a sweep reads at most
 *   {@link MAX_IDLE_READS} of them, those first that waited longest, and none more often than each
 *   {@link MAX_INTERVAL_MS}. This finds an orchestration that was lost meanwhile. Anything else is read at each sweep.
 * - Q3 An execution whose entry was written again is read at once, and stays under watch for as long as a request may take
 *   until it has recorded what it announced. An entry with a trouble is no reason to wait.
 *
 * Tests: test/unit/commands/sweep-schedule.test.ts; with the storage counted: test/unit/sweep.test.ts.
 */
import type { Execution } from "../domain/execution.js";
import type { Tagged, UnsettledExecution } from "../store/port.js";

const MAX_INTERVAL_MS = 16 * 60_000;
const FIRST_INTERVAL_MS = 60_000;
/** Reads at the first interval. Most executions have ended by then. */
const FREQUENT_READS = 3;
/** Each costs two requests to the storage. */
const MAX_IDLE_READS = 20;

type Entry = Tagged<UnsettledExecution>;
/** What the sweep needs of an execution that it does not read. */
export type Remembered = Pick<Execution, "executionId" | "worldId" | "itemIds" | "requestedAt">;

interface Look {
  etag: string;
  remembered: Remembered;
  reads: number;
  intervalMs: number;
  nextMs: number;
}

const isIdle = ({ intervalMs }: Look): boolean => intervalMs === MAX_INTERVAL_MS;

export class SweepSchedule {
  #looks = new Map<string, Look>();
  #due = new Set<string>();

  /** Begins a sweep of these entries, and forgets everything else. */
  begin(entries: readonly Entry[], nowMs: number): void {
    const kept = new Map<string, Look>();
    for (const { value, etag } of entries) {
      const look = this.#looks.get(value.executionId);
      if (look?.etag === etag) kept.set(value.executionId, look);
    }
    this.#looks = kept;
    const due = [...kept].filter(([, { nextMs }]) => nextMs <= nowMs);
    const idle = due.filter(([, look]) => isIdle(look)).sort(([, a], [, b]) => a.nextMs - b.nextMs);
    const now = [...due.filter(([, look]) => !isIdle(look)), ...idle.slice(0, MAX_IDLE_READS)];
    this.#due = new Set(now.map(([executionId]) => executionId));
  }

  /** What is known of an execution that is not read in this sweep; undefined if it is. */
  notDue({ value: { executionId } }: Entry): Remembered | undefined {
    return this.#due.has(executionId) ? undefined : this.#looks.get(executionId)?.remembered;
  }

  /** Notes that an execution was read and is owed nothing. */
  waits({ value, etag }: Entry, { executionId, worldId, itemIds, requestedAt }: Execution, nowMs: number): void {
    if (value.trouble !== undefined) return;
    const reads = (this.#looks.get(value.executionId)?.reads ?? 0) + 1;
    const intervalMs = Math.min(FIRST_INTERVAL_MS * 2 ** Math.max(0, reads - FREQUENT_READS), MAX_INTERVAL_MS);
    const remembered = { executionId, worldId, itemIds, requestedAt };
    // A little earlier than the sweep that it is meant for.
    this.#looks.set(value.executionId, { etag, remembered, reads, intervalMs, nextMs: nowMs + intervalMs - 1_000 });
  }

  forget({ value }: Entry): void {
    this.#looks.delete(value.executionId);
  }
}
