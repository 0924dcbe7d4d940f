import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/dist\/$/, "/");
const MAIN = join(ROOT, "dist/host/main.js");
const READY = /Host ready at (\S+)/;
const LONGEST_OUTPUT = 200_000;
const TAIL_LENGTH = 1_000;
const COMPLAINT = /"level":"(error|critical)"/;
const MOST_COMPLAINTS = 10;
const START_LIMIT_MS = 90_000;

/** How a host ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The same in words. */
export const told = ({ code, signal }: Ended): string => (signal === null ? `with code ${code}` : `by ${signal}`);

export interface HostSettings {
  connectionString: string;
  /** Begins the names of tables and hub. */
  prefix: string;
  /** Emulated seconds per real second. */
  speed: number;
  /** 0 for any free one. */
  port?: number;
}

/** The product as its users run it: the built host in a process of its own, over an Azurite that is not its own. */
export class HostProcess {
  readonly ended: Promise<Ended>;
  readonly beganMs = performance.now();
  /** Where it listens, once it does; rejects when it ends before. */
  readonly ready: Promise<string>;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #output = "";

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    // Not "exit": what it wrote last may still be on its way then.
    this.ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
    this.ready = this.#readiness();
    this.ready.catch(() => undefined);
  }

  /** Begins to start it. A host whose parent is gone ends by itself: it hears of that over the channel. */
  static async spawn({ connectionString, prefix, speed, port = 0 }: HostSettings): Promise<HostProcess> {
    const folder = await mkdtemp(join(tmpdir(), "secondsite-chaos-"));
    const child = spawn(process.execPath, [MAIN, "--app", ROOT, "--port", String(port), "--data", folder], {
      env: {
        ...process.env,
        AzureWebJobsStorage: connectionString,
        TABLE_PREFIX: prefix,
        AzureFunctionsJobHost__extensions__durableTask__hubName: `${prefix}Hub`,
        EMULATOR_SPEED: String(speed),
        NO_COLOR: "1",
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    return new HostProcess(child, folder);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it has written so far. */
  get output(): string {
    return this.#output;
  }

  /** The last of that, and before it whatever it complained of. */
  get tail(): string {
    const complaints = this.#output.split("\n").filter((line) => COMPLAINT.test(line));
    return [...complaints.slice(-MOST_COMPLAINTS), this.#output.slice(-TAIL_LENGTH)].join("\n");
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  /** Sends the signal unless it has ended, and waits until it has. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<Ended> {
    this.signal(signal);
    const ended = await this.ended;
    await rm(this.#folder, { recursive: true, force: true });
    return ended;
  }

  #readiness(): Promise<string> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`the host is not ready: ${this.#output}`)), START_LIMIT_MS);
      const read = (chunk: Buffer): void => {
        this.#output = (this.#output + chunk.toString("utf8")).slice(-LONGEST_OUTPUT);
        const url = READY.exec(this.#output)?.[1];
        if (url !== undefined) resolve(url);
      };
      this.#child.stdout?.on("data", read);
      this.#child.stderr?.on("data", read);
      void this.ended.then((ended) =>
        reject(new Error(`the host ended ${told(ended)} before it was ready: ${this.tail}`)),
      );
      this.ready?.finally(() => clearTimeout(limit)).catch(() => undefined);
      void this.ended.then(() => clearTimeout(limit));
    });
  }
}
