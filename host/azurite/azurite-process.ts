import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ConfigurationError } from "../settings/configuration-error.js";
import type { StoragePorts } from "./development-storage.js";
import { probe } from "./probe.js";
import { saveInSlicesModule } from "./save-in-slices.js";

const require = createRequire(import.meta.url);
const START_LIMIT_MS = 60_000;
const POLL_INTERVAL_MS = 20;

/** Ends Azurite with the pipe to its parent. Without `unref` that pipe would keep it alive after SIGTERM. */
const END_WITH_PARENT =
  'data:text/javascript,process.stdin.on("end",()=>process.kill(process.pid,"SIGTERM")).resume().unref()';

export interface AzuriteProcessOptions {
  /** Its data stays here on disk: in-memory persistence freezes for minutes after many queue messages. */
  folder: string;
  ports: StoragePorts;
  /** `detached`: it survives this process. `child`: it ends when this process does, also when that is killed. */
  life: "detached" | "child";
  /** A file descriptor for its output, or a pipe. */
  output: number | "pipe";
  /** Writes each request to the output. */
  logRequests?: boolean;
}

/** Starts Azurite on loopback. It does not answer yet. */
export function spawnAzurite({ folder, ports, life, output, logRequests }: AzuriteProcessOptions): ChildProcess {
  const services = (["blob", "queue", "table"] as const).flatMap((service) => [
    `--${service}Host`,
    "127.0.0.1",
    `--${service}Port`,
    String(ports[service]),
  ]);
  const flags = [...(logRequests ? [] : ["--silent"]), "--disableTelemetry", "--skipApiVersionCheck"];
  const endsWithParent = life === "child" ? ["--import", END_WITH_PARENT] : [];
  const detached = life === "detached";
  const azurite = azuritePath();
  return spawn(
    process.execPath,
    [...endsWithParent, "--import", saveInSlicesModule(azurite), azurite, "--location", folder, ...services, ...flags],
    // Azurite needs __proto__, which this process may have switched off.
    { detached, stdio: [detached ? "ignore" : "pipe", output, output], env: { ...process.env, NODE_OPTIONS: "" } },
  );
}

/** Resolves when all services answer; otherwise with the reason why they never will. */
export async function whyNotReady(child: ChildProcess, ports: StoragePorts): Promise<string | undefined> {
  let ended: string | undefined;
  child.once("exit", (code, signal) => {
    ended = `it ended with ${signal ?? `code ${code}`}`;
  });
  child.once("error", (error) => {
    ended = error.message;
  });
  const endMs = performance.now() + START_LIMIT_MS;
  while (ended === undefined) {
    if ((await probe(ports)) === "azurite") return undefined;
    if (performance.now() > endMs) return "it does not answer";
    await delay(POLL_INTERVAL_MS);
  }
  return ended;
}

function azuritePath(): string {
  try {
    return require.resolve("azurite/dist/src/azurite.js");
  } catch (error) {
    throw new ConfigurationError(
      "Azurite is not installed, and nothing answers on the ports of UseDevelopmentStorage=true. Run npm install azurite, or start a storage emulator.",
      { cause: error },
    );
  }
}

export async function freePorts(): Promise<StoragePorts> {
  const servers = [createServer(), createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve(typeof address === "object" && address ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const [blob = 0, queue = 0, table = 0] = ports;
  return { blob, queue, table };
}
