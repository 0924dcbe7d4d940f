import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type FunctionsHost, type HostOptions, startHost } from "../../host.js";
import type { LogFields, Logger, LogLevel } from "../../logger.js";

export interface LogEntry {
  level: LogLevel;
  message: string;
  fields: LogFields;
}

/** A running host of one of the apps under `host/test/apps`, on a free port, with a data folder of its own. */
export interface ServedTestApp {
  host: FunctionsHost;
  dataDirectory: string;
  log: readonly LogEntry[];
  fetch(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** How long to wait for what a busy machine may do late. */
export const PATIENCE = { timeout: 30_000, interval: 10 };

export const appFolder = (name: string): string => fileURLToPath(new URL(`../apps/${name}`, import.meta.url));

export function recordingLogger(log: LogEntry[]): Logger {
  return { log: (level, message, fields = {}) => void log.push({ level, message, fields }) };
}

export async function serveTestApp(name: string, options: Partial<HostOptions> = {}): Promise<ServedTestApp> {
  const log: LogEntry[] = [];
  const dataDirectory = await mkdtemp(join(tmpdir(), "host-shell-"));
  const host = await startHost({
    appDirectory: appFolder(name),
    port: 0,
    dataDirectory,
    logger: recordingLogger(log),
    ...options,
  });
  return {
    host,
    dataDirectory,
    log,
    fetch: (path, init) => fetch(host.url + path, init),
    close: async () => {
      await host.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}
