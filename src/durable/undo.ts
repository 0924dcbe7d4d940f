import type { Failure } from "../domain/execution.js";
import type { Durable } from "./call.js";
import { failureOf } from "./refusal.js";

/** What came of undoing one step. */
export interface UndoOutcome {
  readonly step: string;
  readonly failure?: Failure;
}

interface Entry {
  step: string;
  undo: () => Durable<unknown>;
  evenWhenKept: boolean;
}

/**
 * What was done and how to undo it. Register the undo before the act when the act can stop half-way: undo activities
 * look first, so undoing what was never done does no harm.
 */
export class UndoStack {
  #entries: Entry[] = [];

  /** `evenWhenKept`: also undone when the workflow only stops and keeps everything else. */
  register(step: string, undo: () => Durable<unknown>, { evenWhenKept = false } = {}): void {
    this.#entries.push({ step, undo, evenWhenKept });
  }

  /** Drops all entries: nothing can be undone any more. */
  forget(): void {
    this.#entries.length = 0;
  }

  /** True when there is nothing to undo. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Drops all entries except those that are undone even when the rest is kept. */
  keep(): void {
    this.#entries = this.#entries.filter(({ evenWhenKept }) => evenWhenKept);
  }

  /** Undoes everything, last first. A failure does not stop the others: it becomes an outcome that names its step. */
  *unwind(): Durable<UndoOutcome[]> {
    const outcomes: UndoOutcome[] = [];
    for (let entry = this.#entries.pop(); entry; entry = this.#entries.pop()) {
      try {
        yield* entry.undo();
        outcomes.push({ step: entry.step });
      } catch (thrown) {
        outcomes.push({ step: entry.step, failure: failureOf(thrown) });
      }
    }
    return outcomes;
  }
}
