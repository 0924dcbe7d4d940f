import type { Hypervisor } from "./port.js";

/**
 * Limits the calls that this process makes to a hypervisor at the same time. The hypervisor itself limits the
 * operations under way.
 *
 * I1. At most `maxConcurrentCalls` operation calls are open at a time ("never opens more calls than the limit").
 * I2. Waiting executions are served round-robin: a small one never waits for all calls of a large one ("serves waiting
 *     executions round-robin").
 * I3. A call that fails frees its permit ("a call that fails frees its permit").
 * I4. Reads are not limited ("reads do not wait for a permit").
 */
export function withFairConcurrency<H extends Hypervisor>(hypervisor: H, maxConcurrentCalls: number): H {
  const semaphore = new FairSemaphore(maxConcurrentCalls);
  return {
    ...hypervisor,
    runOnItem: (task) => semaphore.run(task.executionId, () => hypervisor.runOnItem(task)),
    runOnSite: (task) => semaphore.run(task.executionId, () => hypervisor.runOnSite(task)),
  };
}

/** A semaphore with one queue of waiting calls per execution. */
class FairSemaphore {
  readonly #queues = new Map<string, (() => void)[]>();
  #permits: number;

  constructor(permits: number) {
    this.#permits = permits;
  }

  async run<T>(executionId: string, work: () => Promise<T>): Promise<T> {
    if (this.#permits > 0) this.#permits -= 1;
    else await this.#permit(executionId);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #permit(executionId: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#queues.get(executionId);
      if (queue) queue.push(resolve);
      else this.#queues.set(executionId, [resolve]);
    });
  }

  /** Hands the permit to the execution at the front, which then moves to the back if it has more calls waiting. */
  #release(): void {
    const [next] = this.#queues;
    if (next === undefined) {
      this.#permits += 1;
      return;
    }
    const [executionId, queue] = next;
    const resume = queue.shift();
    this.#queues.delete(executionId);
    if (queue.length > 0) this.#queues.set(executionId, queue);
    resume?.();
  }
}
