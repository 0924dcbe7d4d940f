/**
 * Checks the rules of .dependency-cruiser.cjs. A cruiser that finds no modules reports no violations, so this also
 * fails when the cruiser missed a source file on disk.
 */
import { cruise } from "dependency-cruiser";
import extractOptions from "dependency-cruiser/config-utl/extract-depcruise-options";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { sourceFiles } from "./source-files.mjs";

const ROOMS = ["src", "host", "demo", "verification", "verify", "cli", "portal"];

const expected = sourceFiles(ROOMS, (file) => /\.(ts|mjs)$/.test(file) && !/^host\/test\/(golden|apps)\//.test(file));
const rooms = ROOMS.filter((room) => expected.some((file) => file.startsWith(`${room}/`)));

const options = await extractOptions("./.dependency-cruiser.cjs");
const { output } = await cruise(rooms, options, undefined, { tsConfig: extractTSConfig("tsconfig.json") });

const seen = new Set(output.modules.map((module) => module.source));
const missed = expected.filter((file) => !seen.has(file));
const { violations } = output.summary;

for (const { rule, from, to, comment } of violations) {
  console.error(`${rule.name}: ${from} → ${to}${comment ? `\n  ${comment}` : ""}`);
}
for (const file of missed) console.error(`not looked at: ${file}`);
if (expected.length === 0) console.error("No source files found: the check looks in the wrong place.");

if (violations.length > 0 || missed.length > 0 || expected.length === 0) process.exitCode = 1;
else console.log(`${expected.length} modules, every import within the rules`);
