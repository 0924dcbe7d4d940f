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
 * What has been done and how to take it back. Register the undo before acting when the act can stop half-way:
 * undo activities look first, so taking back what was never done does no harm.
 */
export class UndoStack {
  #entries: Entry[] = [];

  /** `evenWhenKept`: also done when the story only stops and what else it did is kept. */
  register(step: string, undo: () => Durable<unknown>, { evenWhenKept = false } = {}): void {
    this.#entries.push({ step, undo, evenWhenKept });
  }

  /** From here on nothing of it can be taken back any more. */
  forget(): void {
    this.#entries.length = 0;
  }

  /** True when nothing was done that could be taken back. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Leaves only what is taken back also when the rest is kept. */
  keep(): void {
    this.#entries = this.#entries.filter(({ evenWhenKept }) => evenWhenKept);
  }

  /** Takes everything back, last first. One that fails does not stop the others: it is an outcome that names its step. */
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
