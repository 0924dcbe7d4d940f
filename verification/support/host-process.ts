import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository, whether this file runs from its source or from `dist`. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/dist\/$/, "/");

const MAIN = join(ROOT, "dist/host/main.js");
const READY = /Host ready at (\S+)/;
const ERROR_LINE = /"level":"(error|critical)"/;
const MAX_OUTPUT = 200_000;
const MAX_ERROR_LINES = 10;
const TAIL_LENGTH = 1_000;
const START_LIMIT_MS = 90_000;

/** How a process ended. */
export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export const describeEnd = ({ code, signal }: ProcessEnd): string =>
  signal === null ? `with code ${code}` : `by ${signal}`;

export interface HostSettings {
  connectionString: string;
  /** Emulated seconds per real second. */
  speed: number;
  /** The names of tables and hub begin with it; the product's own names when left out. */
  prefix?: string;
  /** 0 takes any free port. */
  port?: number;
  /** Receives the log as the host writes it. */
  onOutput?(text: string): void;
}

/** The product as users run it: the built host in its own process, over an Azurite that the caller started. */
export class HostProcess {
  readonly ended: Promise<ProcessEnd>;
  readonly beganMs = performance.now();
  /** The address where it listens; rejects when the host ends before it is ready. */
  readonly ready: Promise<string>;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #output = "";

  private constructor(child: ChildProcess, folder: string, onOutput: (text: string) => void) {
    this.#child = child;
    this.#folder = folder;
    // "close" and not "exit": at "exit" the last output may not have arrived yet.
    this.ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
    this.ready = this.#readiness(onOutput);
    this.ready.catch(() => undefined);
  }

  /** Starts a host. It ends when this process is gone: the IPC channel tells it. */
  static async spawn(settings: HostSettings): Promise<HostProcess> {
    const { connectionString, prefix, speed, port = 0, onOutput = () => undefined } = settings;
    const folder = await mkdtemp(join(tmpdir(), "secondsite-host-"));
    const names =
      prefix === undefined
        ? {}
        : { TABLE_PREFIX: prefix, AzureFunctionsJobHost__extensions__durableTask__hubName: `${prefix}Hub` };
    const child = spawn(process.execPath, [MAIN, "--app", ROOT, "--port", String(port), "--data", folder], {
      env: {
        ...process.env,
        AzureWebJobsStorage: connectionString,
        EMULATOR_SPEED: String(speed),
        NO_COLOR: "1",
        ...names,
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    return new HostProcess(child, folder, onOutput);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get output(): string {
    return this.#output;
  }

  /** The newest errors in the log, then its last lines. */
  get tail(): string {
    const errorLines = this.#output.split("\n").filter((line) => ERROR_LINE.test(line));
    return [...errorLines.slice(-MAX_ERROR_LINES), this.#output.slice(-TAIL_LENGTH)].join("\n");
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  /** Sends the signal unless the host has ended, and waits for its end. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<ProcessEnd> {
    this.signal(signal);
    const ended = await this.ended;
    await rm(this.#folder, { recursive: true, force: true });
    return ended;
  }

  #readiness(onOutput: (text: string) => void): Promise<string> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`the host is not ready: ${this.#output}`)), START_LIMIT_MS);
      const read = (chunk: Buffer): void => {
        const text = chunk.toString("utf8");
        this.#output = (this.#output + text).slice(-MAX_OUTPUT);
        onOutput(text);
        const url = READY.exec(this.#output)?.[1];
        if (url !== undefined) resolve(url);
      };
      this.#child.stdout?.on("data", read);
      this.#child.stderr?.on("data", read);
      void this.ended.then((ended) =>
        reject(new Error(`the host ended ${describeEnd(ended)} before it was ready: ${this.tail}`)),
      );
      this.ready?.finally(() => clearTimeout(limit)).catch(() => undefined);
      void this.ended.then(() => clearTimeout(limit));
    });
  }
}
