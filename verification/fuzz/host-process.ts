import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Azurite, startAzurite } from "../../test/support/azurite.js";
import { APP } from "./app.js";

const READY = /Host ready at (\S+)/;
/** Lines of the host's log that no request from outside may cause. */
const FAULT = /Uncaught exception|Unhandled rejection|failed in the host|management API failed|Fatal|FATAL/;

/** The built product in a process of its own over an Azurite of its own. */
export class HostProcess {
  readonly url: URL;
  readonly #child: ChildProcess;
  readonly #azurite: Azurite;
  readonly #folder: string;
  readonly #faults: string[];

  private constructor(url: URL, child: ChildProcess, azurite: Azurite, folder: string, faults: string[]) {
    this.url = url;
    this.#child = child;
    this.#azurite = azurite;
    this.#folder = folder;
    this.#faults = faults;
  }

  static async start(): Promise<HostProcess> {
    const folder = await mkdtemp(join(tmpdir(), "secondsite-fuzz-"));
    const azurite = await startAzurite(join(folder, "azurite"));
    const child = spawn(process.execPath, ["dist/host/main.js", "--port", "0", "--data", join(folder, "host")], {
      cwd: APP,
      env: { ...process.env, AzureWebJobsStorage: azurite.connectionString, EMULATOR_SPEED: "4000", NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const faults: string[] = [];
    const url = await new Promise<URL>((resolve, reject) => {
      let output = "";
      const read = (chunk: Buffer): void => {
        const text = chunk.toString("utf8");
        output = (output + text).slice(-10_000);
        if (FAULT.test(text)) faults.push(text.slice(0, 2_000));
        const ready = READY.exec(output)?.[1];
        if (ready !== undefined) resolve(new URL(ready));
      };
      child.stdout?.on("data", read);
      child.stderr?.on("data", read);
      child.once("exit", (code) => {
        faults.push(`the host ended with ${code}: ${output.slice(-2_000)}`);
        reject(new Error(`the host ended with ${code}: ${output}`));
      });
    });
    return new HostProcess(url, child, azurite, folder, faults);
  }

  /** What the host has logged of faults since it was last asked; that it ended is one. */
  fault(): string | undefined {
    return this.#faults.splice(0)[0];
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await ended;
    }
    await this.#azurite.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
