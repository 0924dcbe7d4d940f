import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../support/host-process.js";
import { type Mutant, mutantsOf } from "./mutants.js";

const MUTATED = ["src/orchestrators/verbs", "src/orchestrators/items", "src/orchestrators/runtime"];

/** What the tests of orchestrators read. */
const COPIED = ["src", "host", "test", "samples", "host.json", "package.json", "tsconfig.json"];

/** The mutants of all mutated files, or of those whose path contains `only`. */
export function allMutants(only = ""): Mutant[] {
  const files = MUTATED.flatMap((folder) => readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`));
  const chosen = files.filter((file) => file.endsWith(".ts") && file.includes(only));
  return chosen.flatMap((file) => mutantsOf(file, readFileSync(join(ROOT, file), "utf8")));
}

/** A copy of the sources in which a mutant can be written over its file. Resolves with its folder. */
export function copySources(): string {
  const folder = mkdtempSync(join(tmpdir(), "secondsite-mutation-"));
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, "node_modules"));
  // Links to each package and not to the folder: vitest keeps files of its own there.
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
  }
  return folder;
}

const ORCHESTRATORS = "test/orchestrators";

/** Tests that take longer than all others together come last. */
const SLOW: ReadonlySet<string> = new Set(["two-thousand.test.ts", "two-executions.test.ts"]);

/** The test files that judge mutants. */
export function testFiles(): { histories: string[]; orchestrators: string[]; slow: string[] } {
  const tests = readdirSync(join(ROOT, ORCHESTRATORS)).filter((name) => name.endsWith(".test.ts"));
  const path = (name: string): string => `${ORCHESTRATORS}/${name}`;
  return {
    histories: ["test/replay/histories.test.ts"],
    orchestrators: tests.filter((name) => !SLOW.has(name)).map(path),
    slow: tests.filter((name) => SLOW.has(name)).map(path),
  };
}
