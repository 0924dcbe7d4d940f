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
/** Output kept to be shown when the host does not start. */
const LONGEST_TAIL = 4_000;

/** The host did not come up. */
export class HostError extends Error {
  override readonly name = "HostError";
}

/** A host of the demo's own: a free port, its own Azurite, a data folder that goes with it. */
export interface HostProcess {
  /** Where it listens, once it does; rejects with a {@link HostError} when it never will. */
  readonly url: Promise<string>;
  /** Stops host and Azurite and removes their data. */
  stop(): Promise<void>;
}

/**
 * Starts it without waiting. Ctrl+C in a terminal is for the demo alone, which then stops the host once: a second
 * signal would make it leave Azurite behind. Over the channel the host learns of a demo that was killed.
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
      output = (output + chunk.toString("utf8")).slice(-LONGEST_TAIL);
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
