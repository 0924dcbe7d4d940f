import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Logger } from "../logger.js";
import { ConfigurationError } from "../settings/configuration-error.js";
import { freePorts, spawnAzurite, whyNotReady } from "./azurite-process.js";
import { DEFAULT_PORTS, developmentConnectionString, type StoragePorts } from "./development-storage.js";
import { probe } from "./probe.js";

/** The emulated storage in use. */
export interface Storage {
  connectionString: string;
  /** Stops Azurite by SIGTERM and waits until it has ended. Does nothing when the Azurite is not this host's own. */
  stop(): Promise<void>;
}

export interface AzuriteOptions {
  /** The data folder of the host, which contains that of Azurite. */
  dataDirectory: string;
  /** `default`: the well-known ports, shared with other programs. `private`: an Azurite of this data folder. */
  mode: "default" | "private";
  logger: Logger;
}

/** Stored in the data folder, so that the next host finds an Azurite that a killed host left running. */
const recordSchema = z.strictObject({
  pid: z.number().int().positive(),
  hostPid: z.number().int().positive(),
  ports: z.strictObject({ blob: z.number(), queue: z.number(), table: z.number() }),
});
type AzuriteRecord = z.infer<typeof recordSchema>;

const STOP_LIMIT_MS = 20_000;
const LOOK_AGAIN_MS = 50;
const CATEGORY = { category: "Host.Azurite" };

/**
 * Finds or starts Azurite. It takes over an Azurite that is recorded in the data folder when the host of that Azurite
 * has ended. In default mode it uses an Azurite of another program, and never stops it.
 *
 * @throws ConfigurationError when another program uses the ports, or Azurite does not start
 */
export async function provideStorage(options: AzuriteOptions): Promise<Storage> {
  const folder = join(options.dataDirectory, "azurite");
  await mkdir(folder, { recursive: true });
  const record = await readRecord(folder);
  if (record && (options.mode === "private" || isDefault(record.ports)) && (await isRunning(record))) {
    return adopt(folder, record, options.logger);
  }
  if (options.mode === "private") return start(folder, await freePorts(), options.logger);
  const found = await probe(DEFAULT_PORTS);
  if (found === "azurite")
    return { connectionString: developmentConnectionString(DEFAULT_PORTS), stop: async () => undefined };
  if (found === "something-else") {
    throw new ConfigurationError(
      "A program that is not a complete Azurite answers on port 10000, 10001 or 10002, the ports of UseDevelopmentStorage=true. Stop it, or run with --storage private.",
    );
  }
  return start(folder, DEFAULT_PORTS, options.logger);
}

async function start(folder: string, ports: StoragePorts, logger: Logger): Promise<Storage> {
  const log = openSync(join(folder, "azurite.log"), "a");
  // Detached, so that neither a killed host nor Ctrl+C takes the storage down before its last writes.
  const child = spawnAzurite({ folder, ports, life: "detached", output: log });
  closeSync(log);
  const ready = whyNotReady(child, ports);
  child.unref();
  const { pid } = child;
  if (pid === undefined) throw new ConfigurationError(`Azurite could not be started: ${await ready}.`);
  const record = { pid, hostPid: process.pid, ports };
  await writeRecord(folder, record);
  await untilItAnswers(folder, record, ready);
  logger.log("information", `Azurite runs on ports ${Object.values(ports).join(", ")}, data in ${folder}`, CATEGORY);
  return owned(folder, record);
}

async function adopt(folder: string, record: AzuriteRecord, logger: Logger): Promise<Storage> {
  if (record.hostPid !== process.pid && isAlive(record.hostPid)) {
    return { connectionString: developmentConnectionString(record.ports), stop: async () => undefined };
  }
  const adopted = { ...record, hostPid: process.pid };
  await writeRecord(folder, adopted);
  logger.log(
    "information",
    `The Azurite of an earlier start is still running (process ${record.pid}) and is used again`,
    CATEGORY,
  );
  return owned(folder, adopted);
}

function owned(folder: string, record: AzuriteRecord): Storage {
  return {
    connectionString: developmentConnectionString(record.ports),
    stop: async () => {
      if (isAlive(record.pid)) process.kill(record.pid, "SIGTERM");
      await until(() => !isAlive(record.pid), STOP_LIMIT_MS);
      await rm(recordPath(folder), { force: true });
    },
  };
}

async function untilItAnswers(
  folder: string,
  record: AzuriteRecord,
  ready: Promise<string | undefined>,
): Promise<void> {
  const outcome = await ready;
  if (outcome === undefined) return;
  if (isAlive(record.pid)) process.kill(record.pid, "SIGTERM");
  await rm(recordPath(folder), { force: true });
  throw new ConfigurationError(`Azurite could not be started: ${outcome}. See ${join(folder, "azurite.log")}.`);
}

const recordPath = (folder: string): string => join(folder, "process.json");

async function readRecord(folder: string): Promise<AzuriteRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(recordPath(folder), "utf8")));
  } catch {
    // There is no record, or a killed host has written only part of it. Then the ports decide.
    return undefined;
  }
}

function writeRecord(folder: string, record: AzuriteRecord): Promise<void> {
  return writeFile(recordPath(folder), JSON.stringify(record));
}

async function isRunning(record: AzuriteRecord): Promise<boolean> {
  return isAlive(record.pid) && (await isAzuriteProcess(record.pid)) && (await probe(record.ports)) === "azurite";
}

/** The system may have given the process id to another program. Where the system shows the command, this checks it. */
async function isAzuriteProcess(pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  return command === undefined || command.includes("azurite");
}

/** A zombie still has a process id, but is not alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}

const isDefault = (ports: StoragePorts): boolean =>
  ports.blob === DEFAULT_PORTS.blob && ports.table === DEFAULT_PORTS.table;

async function until(holds: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) return false;
    await delay(LOOK_AGAIN_MS);
  }
  return true;
}
