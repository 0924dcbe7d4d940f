import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "./build.mjs";
import { ROOT, runNode } from "./program.mjs";
import { test } from "./test.mjs";

const require = createRequire(import.meta.url);

/** The whole gate, in a fixed order: a later step may rely on what an earlier one has shown. */
const STEPS = [
  ["format", () => runNode([bin("@biomejs/biome", "biome"), "format", "."])],
  ["lint", () => runNode([bin("@biomejs/biome", "biome"), "lint", "--error-on-warnings", "."])],
  ["types", () => runNode([bin("typescript", "tsc"), "--noEmit"])],
  ["lock", () => runNode([join(ROOT, "scripts/check-lock.mjs")])],
  ["imports", () => runNode([join(ROOT, "scripts/check-imports.mjs")])],
  ["unused", () => runNode([bin("knip", "knip")])],
  ["build", () => build()],
  ["reference", () => runNode([join(ROOT, "scripts/reference.mjs"), "--check"])],
  ["tests", () => test([])],
];

/** Runs every step until one fails. Resolves with an exit code. */
export async function check() {
  for (const [name, step] of STEPS) {
    console.log(`── ${name}`);
    const code = await step();
    if (code !== 0) {
      console.error(`The step "${name}" failed; later ones did not run.`);
      return code;
    }
  }
  return 0;
}

/** The script behind a package's command. */
function bin(name, command) {
  const manifest = findManifest(name);
  const { bin: commands } = require(manifest);
  return join(dirname(manifest), typeof commands === "string" ? commands : commands[command]);
}

/** Read by path: not every package exports its package.json. */
function findManifest(name) {
  return join(ROOT, "node_modules", name, "package.json");
}
