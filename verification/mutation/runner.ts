import { type ChildProcess, fork } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../support/host-process.js";
import { copySources } from "./sources.js";
import type { Job, Message } from "./worker.js";

const PROGRAM = fileURLToPath(new URL("worker.js", import.meta.url));
const START_LIMIT_MS = 120_000;

/** How a run of tests ended: the name of the test that failed, if any. */
export interface Run {
  failed: string | null;
  seconds: number;
}

const TIME_LIMIT = "time limit";

/** One copy of the sources and the process that runs tests in it. */
export class Runner {
  readonly #folder = copySources();
  #process: ChildProcess | undefined;
  readonly #onExit = (): void => this.close();

  constructor() {
    process.once("exit", this.#onExit);
  }

  /** Runs tests until one fails, or until no test has ended for `limitMs`. */
  async run(job: Job, limitMs: number): Promise<Run> {
    const child = this.#process ?? (await this.#start());
    const beganMs = performance.now();
    const answer = this.#answer(child, limitMs);
    child.send(job);
    const failed = await answer;
    // A killed process leaves its mutant in the copy.
    const isKilled = this.#process === undefined;
    if (isKilled && job.replaced) cpSync(join(ROOT, job.replaced.file), join(this.#folder, job.replaced.file));
    return { failed, seconds: (performance.now() - beganMs) / 1_000 };
  }

  close(): void {
    process.off("exit", this.#onExit);
    this.#kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<ChildProcess> {
    // A group of its own, so that the processes of vitest end together with it.
    const child = fork(PROGRAM, [this.#folder], { detached: true, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#process = child;
    if ((await this.#answer(child, START_LIMIT_MS)) === TIME_LIMIT) throw new Error("The test runner did not start.");
    return child;
  }

  /** Rejects when the process fails: only a test that fails, or its time limit, may catch a mutant. */
  #answer(child: ChildProcess, limitMs: number): Promise<string | null> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        child.off("message", onMessage).off("exit", onExit);
        then();
      };
      const onMessage = (message: Message): void => {
        if (message.kind === "test-ended") timer.refresh();
        else if (message.kind === "result") settle(() => resolve(message.failed));
        else settle(() => reject(new Error(`The tests could not run: ${message.message}`)));
      };
      const onExit = (): void => settle(() => reject(new Error("The process that runs the tests ended.")));
      const timer = setTimeout(() => {
        settle(() => resolve(TIME_LIMIT));
        this.#kill();
      }, limitMs);
      child.on("message", onMessage).on("exit", onExit);
    });
  }

  #kill(): void {
    const child = this.#process;
    this.#process = undefined;
    if (child?.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has already ended.
    }
  }
}
