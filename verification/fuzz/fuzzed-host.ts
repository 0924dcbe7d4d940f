import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Azurite, startAzurite } from "../../test/support/azurite.js";
import { describeEnd, HostProcess } from "../support/host-process.js";

/** Log lines that no request from outside may cause. */
const FAULT = /Uncaught exception|Unhandled rejection|failed in the host|management API failed|Fatal|FATAL/;
const MAX_FAULT_CHARACTERS = 2_000;
const SPEED = 4_000;

/** The built product in a process of its own, over an Azurite of its own. */
export class FuzzedHost {
  readonly url: URL;
  readonly #host: HostProcess;
  readonly #azurite: Azurite;
  readonly #folder: string;
  readonly #faults: string[];

  private constructor(url: URL, host: HostProcess, azurite: Azurite, folder: string, faults: string[]) {
    this.url = url;
    this.#host = host;
    this.#azurite = azurite;
    this.#folder = folder;
    this.#faults = faults;
  }

  static async start(): Promise<FuzzedHost> {
    const folder = await mkdtemp(join(tmpdir(), "secondsite-fuzz-"));
    const azurite = await startAzurite(folder);
    const faults: string[] = [];
    const host = await HostProcess.spawn({
      connectionString: azurite.connectionString,
      speed: SPEED,
      onOutput: (text) => {
        if (FAULT.test(text)) faults.push(text.slice(0, MAX_FAULT_CHARACTERS));
      },
    });
    void host.ended.then((end) => faults.push(`the host ended ${describeEnd(end)}: ${host.tail}`));
    return new FuzzedHost(new URL(await host.ready), host, azurite, folder, faults);
  }

  /** The next fault in the host's log since the last call, if any. The end of the host is one. */
  nextFault(): string | undefined {
    return this.#faults.splice(0)[0];
  }

  async stop(): Promise<void> {
    await this.#host.end("SIGTERM");
    await this.#azurite.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
