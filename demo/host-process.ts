import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const APP = fileURLToPath(new URL("../../", import.meta.url));
const HOST = fileURLToPath(new URL("../host/main.js", import.meta.url));
const READY = /Host ready at (\S+)/;
const START_LIMIT_MS = 60_000;
/** How much output is kept, to be shown when the host does not start. */
const MAX_TAIL_CHARS = 4_000;

/** The host did not come up. */
export class HostError extends Error {
  override readonly name = "HostError";
}

/** A host for the demo alone, with a free port, its own Azurite and a temporary data folder. */
export interface HostProcess {
  /** Where it listens, once it does; rejects with a {@link HostError} when it never will. */
  readonly url: Promise<string>;
  /** Stops host and Azurite and removes their data. */
  stop(): Promise<void>;
}

/**
 * Starts the host without waiting. It is detached, so Ctrl+C in a terminal reaches only the demo, which then stops the
 * host once: a second signal would make the host leave Azurite behind. The IPC channel closes when the demo is killed,
 * and the host then stops.
 */
export function startHostProcess(speed: number): HostProcess {
  const folder = mkdtempSync(join(tmpdir(), "secondsite-demo-"));
  const child = spawn(process.execPath, [HOST, "--app", APP, "--port", "0", "--data", folder, "--storage", "private"], {
    env: { ...process.env, EMULATOR_SPEED: String(speed), NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
  });
  const ended = once(child, "exit");
  const url = readyUrl(child);
  url.catch(() => undefined);
  return {
    url,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function readyUrl(child: ChildProcess): Promise<string> {
  let output = "";
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new HostError(`${why}\n${output.trim()}`));
    const limit = setTimeout(() => fail("The host did not start within a minute."), START_LIMIT_MS);
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-MAX_TAIL_CHARS);
      const url = READY.exec(output)?.[1];
      if (url === undefined) return;
      clearTimeout(limit);
      resolve(url);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.on("exit", (code) => {
      clearTimeout(limit);
      fail(`The host ended with code ${code ?? "none"} before it was ready.`);
    });
    child.on("error", (error) => {
      clearTimeout(limit);
      fail(error.message);
    });
  });
}
