import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT, runNode } from "./program.mjs";

const OUTPUT = join(ROOT, ".simulation");
const APP = "test/support/app";

const CRASH_POINTS = "--crash-points";

/** Each core runs a worker. Additional threads of the garbage collector would only compete with the workers. */
const SINGLE_THREADED_GC = "--single-threaded-gc";

/**
 * Compiles the simulation and the product, and runs seeds. `args` are those of verification/simulation/main.ts. With
 * `--crash-points` it stops a host at every point of every verb instead.
 */
export async function simulate(args) {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const code = await runNode([tsc, "-p", "tsconfig.simulation.json"]);
  if (code !== 0) return code;
  cpSync(join(ROOT, APP), join(OUTPUT, APP), { recursive: true });
  const program = args.includes(CRASH_POINTS) ? "crash-points/main.js" : "main.js";
  return runNode([
    SINGLE_THREADED_GC,
    join(OUTPUT, "verification/simulation", program),
    ...args.filter((arg) => arg !== CRASH_POINTS),
  ]);
}
