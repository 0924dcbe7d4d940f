/** Counts the work in flight, so that a test in virtual time knows when nothing more happens before the next alarm. */
export class InFlight {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** Runs `work` and counts it. A failure goes to `onError`. */
  run(work: () => Promise<void>, onError: (error: unknown) => void): void {
    this.#count += 1;
    void work()
      .catch(onError)
      .finally(() => {
        this.#count -= 1;
        if (this.#count > 0) return;
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const resolve of waiting) resolve();
      });
  }

  async whenIdle(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
