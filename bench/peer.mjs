import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ensureInstalled } from "../scripts/ensure-install.mjs";

const BENCH = fileURLToPath(new URL(".", import.meta.url));
const PROGRAM = fileURLToPath(new URL("peer/main.mjs", import.meta.url));

export const PEER = "openworkflow 0.10.1, SQLite, synchronous=FULL";

/** Installs the peer when needed; a machine that cannot build it still gets our own figures. */
export function installPeer() {
  try {
    ensureInstalled(BENCH);
    return existsSync(new URL("node_modules/openworkflow", import.meta.url));
  } catch (error) {
    console.error(`Without the peer: ${error.message}`);
    return false;
  }
}

/** What each repetition of a shape gave on the peer, in a process of its own. */
export async function repeatOnPeer(shape, repetitions) {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, shape, String(repetitions)]);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}
