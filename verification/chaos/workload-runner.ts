import { ApiError } from "../../src/api/client.js";
import type { Report } from "./report.js";
import type { Stack } from "./stack.js";

const OF_LOSSES: ReadonlySet<string> = new Set(["execution-not-found", "item-held"]);

/** A user at work beside what is done to the product: one execution after the other, each looked at when it has ended. */
export class Living {
  #stop = false;
  #failure: unknown;
  readonly #done: Promise<void>;
  readonly #stack: Stack;
  readonly #report: Report;

  constructor(stack: Stack, report: Report) {
    this.#stack = stack;
    this.#report = report;
    this.#done = this.#live().catch((error: unknown) => {
      this.#failure = error;
    });
  }

  /** What ended the user's work early. */
  get failure(): unknown {
    return this.#failure;
  }

  async #live(): Promise<void> {
    const { user } = this.#stack;
    while (!this.#stop) await this.#unlessLost(user.liveOne());
    for (const lived of user.lived.filter(({ atMs }) => this.#stack.isLost(atMs))) {
      await this.#unlessLost(user.liveAgain(lived));
    }
  }

  /**
   * An execution that the storage has forgotten is not found any more, and one whose end it has forgotten holds its
   * items again; its user looks anew.
   */
  async #unlessLost(living: Promise<unknown>): Promise<void> {
    try {
      await living;
    } catch (error) {
      const isOfLoss = error instanceof ApiError && OF_LOSSES.has(error.problem.code);
      if (!isOfLoss || this.#stack.lost.length === 0) throw error;
    }
  }

  /** Lets the execution under way end, then looks whether all of them ended well. */
  async end(): Promise<void> {
    this.#stop = true;
    await this.#done;
    const { lived } = this.#stack.user;
    const told = `${lived.length} executions have ended truthfully, no effect twice, nothing acknowledged lost`;
    const failure = this.#failure instanceof Error ? [this.#failure.message] : [];
    this.#report.check(told, [...failure, ...(await this.#stack.check())]);
  }
}
