/** Counts what is under way, so that tests in virtual time know when nothing more will happen by itself. */
export class Idle {
  #underWay = 0;
  #waiting: (() => void)[] = [];

  /** Runs `work`, counted. Its failure is handed to `onError`, never lost. */
  run(work: () => Promise<void>, onError: (error: unknown) => void): void {
    this.#underWay += 1;
    void work()
      .catch(onError)
      .finally(() => {
        this.#underWay -= 1;
        if (this.#underWay > 0) return;
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const resolve of waiting) resolve();
      });
  }

  get isIdle(): boolean {
    return this.#underWay === 0;
  }

  /** Resolves when nothing is under way any more. */
  async whenIdle(): Promise<void> {
    while (this.#underWay > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
