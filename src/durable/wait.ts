import type { OrchestrationContext, Task } from "durable-functions";
import type { z } from "zod";
import { type Durable, hasEnded } from "./call.js";

/**
 * A wait that may be given up is cut into pieces of this length. A host cuts a timer of more than six days itself, and a
 * cancel takes effect on its first piece only: given up later, the replay no longer fits the history, and the
 * orchestration fails (test/orchestrators/approvals-left.test.ts).
 */
const MAX_PIECE_MS = 5 * 86_400_000;

/** Waits on a durable timer until `waitMs` milliseconds of real time have passed since the last event. */
export function* sleep(context: OrchestrationContext, waitMs: number): Durable<void> {
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + waitMs));
}

/**
 * The events of one name that reach an orchestration, taken one at a time.
 *
 * A wait that ended by its time limit leaves a waiter behind in the engine, and an event that comes between two
 * waits goes to that waiter. The mailbox keeps every waiter it opened and looks there first, so nothing is lost.
 */
export class Mailbox<M extends z.ZodType> {
  readonly #context: OrchestrationContext;
  readonly #name: string;
  readonly #message: M;
  readonly #waiters: Task[] = [];

  constructor(context: OrchestrationContext, name: string, message: M) {
    this.#context = context;
    this.#name = name;
    this.#message = message;
  }

  /**
   * The next readable message, or undefined when `deadline` passes first. Unreadable ones are dropped. The wait ends as
   * well when the call ends that `begin` gives, if it gives one. A message does not wait for that call.
   */
  *next(deadline: Date, begin: () => Task | undefined = () => undefined): Durable<z.output<M> | undefined> {
    let underWay: Task | undefined;
    for (;;) {
      const arrived = this.#takeArrived();
      if (arrived !== undefined) return arrived;
      const waiter = this.#context.df.waitForExternalEvent(this.#name);
      const { piece, isLast } = this.#pieceOf(deadline);
      const timer = this.#context.df.createTimer(piece);
      const beside = underWay ?? begin();
      this.#waiters.push(waiter);
      yield this.#context.df.Task.any(beside === undefined ? [waiter, timer] : [waiter, timer, beside]);
      if (timer.isCompleted && isLast) return this.#takeArrived();
      if (timer.isCompleted) {
        underWay = beside;
        continue;
      }
      underWay = undefined;
      timer.cancel();
      if (beside !== undefined && hasEnded(beside)) return this.#takeArrived();
    }
  }

  #pieceOf(deadline: Date): { piece: Date; isLast: boolean } {
    const latestMs = this.#context.df.currentUtcDateTime.getTime() + MAX_PIECE_MS;
    return deadline.getTime() > latestMs
      ? { piece: new Date(latestMs), isLast: false }
      : { piece: deadline, isLast: true };
  }

  #takeArrived(): z.output<M> | undefined {
    for (;;) {
      const index = this.#waiters.findIndex((waiter) => waiter.isCompleted);
      const waiter = this.#waiters[index];
      if (!waiter) return undefined;
      this.#waiters.splice(index, 1);
      const message = this.#message.safeParse(waiter.result);
      if (message.success) return message.data;
    }
  }
}
