import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runNode } from "./program.mjs";

const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

/**
 * Runs the tests and prints `N passed, N failed` as the last line. Resolves with an exit code, which is 0 only when
 * tests ran and none failed: a crash or an empty run is a failure.
 *
 * @param args passed on to vitest, such as paths of test files.
 */
export async function test(args) {
  const folder = mkdtempSync(join(tmpdir(), "secondsite-results-"));
  const results = join(folder, "results.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`];
    const code = await runNode([VITEST, "run", ...reporters, ...args]);
    const { passed, failed, skipped } = tally(results);
    const verdict = code === 0 && passed > 0 && failed === 0 ? 0 : code || 1;
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
    return verdict;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that could not be loaded counts as one failure, as does a run that left no results. */
function tally(file) {
  try {
    const results = JSON.parse(readFileSync(file, "utf8"));
    const unloadable = results.testResults.filter(
      (module) => module.status === "failed" && module.assertionResults.every((one) => one.status !== "failed"),
    ).length;
    return {
      passed: results.numPassedTests,
      failed: results.numFailedTests + unloadable,
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
