import type { Hypervisor } from "./port.js";

/**
 * A hypervisor that this process asks for at most so many things at a moment. Calls that wait take turns by execution,
 * and whoever only reads finds the process free. How many operations are under way is the hypervisor's own limit.
 */
export function takeTurns<H extends Hypervisor>(hypervisor: H, atOnce: number): H {
  const turns = new Turns(atOnce);
  return {
    ...hypervisor,
    runOnItem: (task) => turns.take(task.executionId, () => hypervisor.runOnItem(task)),
    runOnSite: (task) => turns.take(task.executionId, () => hypervisor.runOnSite(task)),
  };
}

/** Work under way, and who waits, by execution. */
class Turns {
  readonly #waiting = new Map<string, (() => void)[]>();
  #free: number;

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async take<T>(executionId: string, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(executionId);
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  #turn(executionId: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#waiting.get(executionId);
      if (queue) queue.push(resolve);
      else this.#waiting.set(executionId, [resolve]);
    });
  }

  /** The place goes to the execution that has waited longest for one; it queues again behind the others. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    const [executionId, queue] = next;
    const goOn = queue.shift();
    this.#waiting.delete(executionId);
    if (queue.length > 0) this.#waiting.set(executionId, queue);
    goOn?.();
  }
}
