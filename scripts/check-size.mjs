/** Fails when a source file is too long to read at once. There are no exceptions. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./program.mjs";
import { sourceFiles } from "./source-files.mjs";

const MAX_LINES = 300;

const files = sourceFiles(["."], (file) => /\.(ts|mts|cts|js|mjs|cjs|html|css)$/.test(file));
const tooLong = files
  .map((file) => ({ file, lines: readFileSync(join(ROOT, file), "utf8").trimEnd().split("\n").length }))
  .filter(({ lines }) => lines > MAX_LINES);

for (const { file, lines } of tooLong) {
  console.error(`${file}: ${lines} lines, at most ${MAX_LINES}. Split it where it changes subject.`);
}
if (files.length === 0) console.error("No source files found: the check looks in the wrong place.");
if (tooLong.length > 0 || files.length === 0) process.exitCode = 1;
else console.log(`${files.length} files of at most ${MAX_LINES} lines`);
