import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT, runNode } from "./program.mjs";

const OUTPUT = join(ROOT, ".simulation");
const APP = "test/orchestrators/support/app";

/** Compiles the simulation with what it runs, and runs seeds. `args` are those of test/simulation/main.ts. */
export async function simulate(args) {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const code = await runNode([tsc, "-p", "tsconfig.simulation.json"]);
  if (code !== 0) return code;
  cpSync(join(ROOT, APP), join(OUTPUT, APP), { recursive: true });
  return runNode([join(OUTPUT, "test/simulation/main.js"), ...args]);
}
