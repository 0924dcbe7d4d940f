import { ApiError } from "../../src/api/client.js";
import type { Report } from "./report.js";
import type { Stack } from "./stack.js";

const LOSS_CODES: ReadonlySet<string> = new Set(["execution-not-found", "item-held"]);

/** Runs one execution after another while a scenario injects faults, then checks all of them. */
export class WorkloadRunner {
  #stop = false;
  #failure: unknown;
  readonly #done: Promise<void>;
  readonly #stack: Stack;
  readonly #report: Report;

  constructor(stack: Stack, report: Report) {
    this.#stack = stack;
    this.#report = report;
    this.#done = this.#runToEnd().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** The error that ended the workload early. */
  get failure(): unknown {
    return this.#failure;
  }

  async #runToEnd(): Promise<void> {
    const { user } = this.#stack;
    while (!this.#stop) await this.#tolerateLoss(user.runNext());
    for (const completed of user.completed.filter(({ atMs }) => this.#stack.isLost(atMs))) {
      await this.#tolerateLoss(user.runAgain(completed));
    }
  }

  /**
   * After a loss, a forgotten execution is not found, and an execution whose end was forgotten holds its items again.
   * The next iteration reads the items again.
   */
  async #tolerateLoss(workload: Promise<unknown>): Promise<void> {
    try {
      await workload;
    } catch (error) {
      const isCausedByLoss = error instanceof ApiError && LOSS_CODES.has(error.problem.code);
      if (!isCausedByLoss || this.#stack.lost.length === 0) throw error;
    }
  }

  /** Waits for the current execution, then checks that all of them ended well. */
  async end(): Promise<void> {
    this.#stop = true;
    await this.#done;
    const { completed } = this.#stack.user;
    const describe = `${completed.length} executions ended correctly, no effect twice, no acknowledged request lost`;
    const failure = this.#failure instanceof Error ? [this.#failure.message] : [];
    this.#report.check(describe, [...failure, ...(await this.#stack.check())]);
  }
}
