import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const READY = /Host ready at (\S+)/;
const MAX_OUTPUT_LENGTH = 20_000;

/** Settings of the hosts that test files share. */
export const SHARED_HOSTS = {
  /** Operations of the emulator take their time, and a second is more than an hour. */
  realistic: { EMULATOR_SPEED: "4000" },
  /** Operations end when they begin; only recovery points and synchronisation need emulated time. */
  quick: { EMULATOR_DURATIONS: "zero", EMULATOR_SPEED: "1000", ALLOW_PRIVATE_WEBHOOKS: "true" },
} as const satisfies Record<string, HostSettings>;

export type HostSettings = Readonly<Record<string, string>>;

/** The built host with the built app in a process of its own. Tables and hub have names that begin with the prefix. */
export interface HostProgram {
  url: string;
  prefix: string;
  /** Where its whole output is. */
  logFile: string;
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export async function startHostProgram(storage: string, prefix: string, settings: HostSettings): Promise<HostProgram> {
  const folder = await mkdtemp(join(tmpdir(), "secondsite-e2e-"));
  const child = spawn(
    process.execPath,
    [join(ROOT, "dist/host/main.js"), "--app", ROOT, "--port", "0", "--data", folder],
    {
      env: {
        ...process.env,
        AzureWebJobsStorage: storage,
        TABLE_PREFIX: prefix,
        AzureFunctionsJobHost__extensions__durableTask__hubName: `${prefix}Hub`,
        NO_COLOR: "1",
        ...SHARED_HOSTS.realistic,
        ...settings,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const logFile = join(folder, "output.log");
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => appendFileSync(logFile, chunk));
  return {
    url: await ready(child),
    prefix,
    logFile,
    async stop(signal = "SIGTERM") {
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<string> {
  let output = "";
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-MAX_OUTPUT_LENGTH);
      const url = READY.exec(output)?.[1];
      if (url === undefined) return;
      child.stdout?.off("data", read);
      resolve(url);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.on("exit", (code) => reject(new Error(`the host ended with ${code}: ${output}`)));
  });
}
