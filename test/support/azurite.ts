import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const AZURITE = require.resolve("azurite/dist/src/azurite.js");
const LISTENING = /Azurite (Blob|Queue|Table) service is successfully listening at (http:\/\/\S+)/g;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;

/** The account and key that every Azurite knows; they open nothing else. */
const DEVELOPMENT_ACCOUNT = {
  name: "devstoreaccount1",
  key: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
};

/**
 * A test run that is killed can't stop its Azurite, so Azurite ends when the pipe to its parent does. Without `unref`
 * that pipe would keep it alive after SIGTERM.
 */
const END_WITH_PARENT =
  'data:text/javascript,process.stdin.on("end",()=>process.kill(process.pid,"SIGTERM")).resume().unref()';

/** Which ports to listen on; 0 takes any free one. */
export interface AzuritePorts {
  blob: number;
  queue: number;
  table: number;
}

/** A running Azurite of our own, in its own process. */
export interface Azurite {
  /** Full connection string, with the ports actually taken. */
  connectionString: string;
  ports: AzuritePorts;
  pid: number;
  /**
   * Ends the process and resolves when it is gone. SIGTERM lets Azurite save first; SIGKILL loses the writes of
   * the last seconds, acknowledged ones among them.
   */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/**
 * Starts Azurite on loopback with its data in `folder` (kept on disk: in-memory persistence freezes for minutes
 * after many queue messages). Resolves when all three services listen.
 *
 * @param ports give those of an earlier Azurite to start it again under the same connection string.
 * @throws Error with Azurite's own output when it ends or stays silent instead.
 */
export async function startAzurite(
  folder: string,
  ports: AzuritePorts = { blob: 0, queue: 0, table: 0 },
): Promise<Azurite> {
  const child = spawn(process.execPath, ["--import", END_WITH_PARENT, AZURITE, ...argumentsFor(folder, ports)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const endpoints = await listening(child);
  return {
    connectionString: connectionString(endpoints),
    ports: { blob: portOf(endpoints.blob), queue: portOf(endpoints.queue), table: portOf(endpoints.table) },
    pid: child.pid ?? -1,
    async stop(signal = "SIGTERM") {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill(signal);
      const limit = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
      await exited;
      clearTimeout(limit);
    },
  };
}

function argumentsFor(folder: string, ports: AzuritePorts): string[] {
  const services = (["blob", "queue", "table"] as const).flatMap((service) => [
    `--${service}Host`,
    "127.0.0.1",
    `--${service}Port`,
    String(ports[service]),
  ]);
  return ["--location", folder, ...services, "--silent", "--skipApiVersionCheck", "--disableTelemetry"];
}

interface Endpoints {
  blob: string;
  queue: string;
  table: string;
}

function listening(child: ChildProcess): Promise<Endpoints> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (reason: string): void => {
      clearTimeout(limit);
      child.kill("SIGKILL");
      reject(new Error(`Azurite did not start: ${reason}. Its output:\n${output}`));
    };
    const limit = setTimeout(() => fail(`no answer in ${START_LIMIT_MS} ms`), START_LIMIT_MS);
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const endpoints = parseEndpoints(output);
      if (!endpoints) return;
      clearTimeout(limit);
      resolve(endpoints);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code, signal) => fail(`it ended with ${signal ?? code}`));
    child.once("error", (error) => fail(error.message));
  });
}

function parseEndpoints(output: string): Endpoints | undefined {
  const found = new Map([...output.matchAll(LISTENING)].map(([, service, url]) => [service, url]));
  const blob = found.get("Blob");
  const queue = found.get("Queue");
  const table = found.get("Table");
  return blob && queue && table ? { blob, queue, table } : undefined;
}

function portOf(endpoint: string): number {
  return Number(new URL(endpoint).port);
}

function connectionString(endpoints: Endpoints): string {
  const { name, key } = DEVELOPMENT_ACCOUNT;
  return [
    "DefaultEndpointsProtocol=http",
    `AccountName=${name}`,
    `AccountKey=${key}`,
    `BlobEndpoint=${endpoints.blob}/${name}`,
    `QueueEndpoint=${endpoints.queue}/${name}`,
    `TableEndpoint=${endpoints.table}/${name}`,
  ].join(";");
}
