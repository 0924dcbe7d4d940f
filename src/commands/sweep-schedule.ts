/**
 * When the sweep of a process reads an execution again whose orchestration runs and that is owed nothing. Ten thousand
 * executions that wait for people would otherwise be read each minute.
 *
 * - Q1 A process reads each execution at its first sweep, so what a crash left is repaired as soon as a host runs again.
 * - Q2 After some minutes in which nothing was owed, the interval grows to {@link MAX_INTERVAL_MS}. Anything else is read at each sweep.
 * - Q3 An entry that was written again is read at once.
 *
 * Tests: test/unit/commands/sweep-schedule.test.ts.
 */
import type { Execution } from "../domain/execution.js";
import type { Tagged, UnsettledExecution } from "../store/port.js";

/** As long as a lost decision may take until it is raised again. */
const MAX_INTERVAL_MS = 16 * 60_000;
const FIRST_INTERVAL_MS = 60_000;
/** Reads at the first interval. Most executions have ended by then. */
const FREQUENT_READS = 10;

type Entry = Tagged<UnsettledExecution>;
/** What the sweep needs of an execution that it does not read. */
export type Remembered = Pick<Execution, "executionId" | "worldId" | "itemIds" | "requestedAt">;

interface Look {
  etag: string;
  remembered: Remembered;
  reads: number;
  nextMs: number;
}

export class SweepSchedule {
  #looks = new Map<string, Look>();

  /** Forgets everything but these entries. */
  keepOnly(entries: readonly Entry[]): void {
    const kept = new Map<string, Look>();
    for (const { value, etag } of entries) {
      const look = this.#looks.get(value.executionId);
      if (look?.etag === etag) kept.set(value.executionId, look);
    }
    this.#looks = kept;
  }

  /** What is known of an execution that is not read yet again; undefined if it is to be read now. */
  notDue({ value }: Entry, nowMs: number): Remembered | undefined {
    const look = this.#looks.get(value.executionId);
    return look !== undefined && nowMs < look.nextMs ? look.remembered : undefined;
  }

  /** Notes that an execution was read and is owed nothing. */
  waits({ value, etag }: Entry, { executionId, worldId, itemIds, requestedAt }: Execution, nowMs: number): void {
    const reads = (this.#looks.get(value.executionId)?.reads ?? 0) + 1;
    const intervalMs = Math.min(FIRST_INTERVAL_MS * 2 ** Math.max(0, reads - FREQUENT_READS), MAX_INTERVAL_MS);
    const remembered = { executionId, worldId, itemIds, requestedAt };
    // A little earlier than the sweep that it is meant for.
    this.#looks.set(value.executionId, { etag, remembered, reads, nextMs: nowMs + intervalMs - 1_000 });
  }

  forget({ value }: Entry): void {
    this.#looks.delete(value.executionId);
  }
}
