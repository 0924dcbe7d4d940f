import type { Failure } from "../domain/execution.js";
import type { Durable } from "./call.js";
import { failureOf } from "./refusal.js";

/** What came of undoing one step. */
export interface UndoOutcome {
  readonly step: string;
  readonly failure?: Failure;
}

/**
 * What has been done and how to take it back. Register the undo before acting when the act can stop half-way:
 * undo activities look first, so taking back what was never done does no harm.
 */
export class UndoStack {
  readonly #entries: { step: string; undo: () => Durable<unknown> }[] = [];

  register(step: string, undo: () => Durable<unknown>): void {
    this.#entries.push({ step, undo });
  }

  /** From here on nothing of it can be taken back any more. */
  forget(): void {
    this.#entries.length = 0;
  }

  /** True when nothing was done that could be taken back. */
  get isEmpty(): boolean {
    return this.#entries.length === 0;
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
