import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT, runNode } from "./program.mjs";

const OUTPUT = join(ROOT, ".simulation");
const APP = "test/support/app";

const CRASH_POINTS = "--crash-points";

/** Every core has a worker of its own: threads that collect garbage beside them only get in their way. */
const ONE_THREAD_EACH = "--single-threaded-gc";

/**
 * Compiles the simulation with what it runs, and runs seeds. `args` are those of test/simulation/main.ts; with
 * `--crash-points` a host is stopped at every point of every verb instead.
 */
export async function simulate(args) {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const code = await runNode([tsc, "-p", "tsconfig.simulation.json"]);
  if (code !== 0) return code;
  cpSync(join(ROOT, APP), join(OUTPUT, APP), { recursive: true });
  const program = args.includes(CRASH_POINTS) ? "crash-points/main.js" : "main.js";
  return runNode([
    ONE_THREAD_EACH,
    join(OUTPUT, "test/simulation", program),
    ...args.filter((arg) => arg !== CRASH_POINTS),
  ]);
}
