import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { APP_FOLDER } from "../conformance/bench.js";

const MAIN = fileURLToPath(new URL("../../../dist/host/main.js", import.meta.url));
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;

export interface HostProcessOptions {
  connectionString: string;
  hubName: string;
  env?: Record<string, string>;
}

/** The host as its users run it: the built program in a process of its own. */
export interface HostProcess {
  readonly pid: number;
  /** Where it listens; known once it has said so. */
  readonly origin: string;
  /** What it has written so far. */
  output(): string;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Sends the signal unless the process has ended, and waits until it has. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** Starts the program with the conformance app on a free port. Needs a build: `npm test` sees to that. */
export function spawnHost(options: HostProcessOptions): HostProcess {
  const child = spawn(process.execPath, [MAIN, "--port", "0"], {
    cwd: APP_FOLDER,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      AzureWebJobsStorage: options.connectionString,
      AzureFunctionsJobHost__extensions__durableTask__hubName: options.hubName,
      ...options.env,
    },
  });
  let written = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      written += text;
    });
  }
  const exited = exitOf(child);
  return {
    pid: child.pid ?? -1,
    get origin() {
      return ADDRESS.exec(written)?.[0] ?? "";
    },
    output: () => written,
    exited,
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    },
  };
}

/** The same, once it answers requests. */
export async function startHostProcess(options: HostProcessOptions): Promise<HostProcess> {
  const host = spawnHost(options);
  const early = host.exited.then(() => {
    throw new Error(`The host ended instead of starting:\n${host.output()}`);
  });
  const answers = async (): Promise<void> => {
    const { ok } = await fetch(`${host.origin}/admin/host/ping`);
    if (!ok) throw new Error(`The host does not answer yet. It has written:\n${host.output()}`);
  };
  await Promise.race([early, vi.waitFor(answers, { timeout: 60_000, interval: 20 })]);
  early.catch(() => undefined);
  return host;
}

function exitOf(child: ChildProcess): HostProcess["exited"] {
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
}
