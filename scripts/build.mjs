import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, runNode } from "./program.mjs";
import { sourceFiles } from "./source-files.mjs";

const ROOMS = [
  "src",
  "host",
  "demo",
  "verification/chaos",
  "verification/fuzz",
  "verification/mutation",
  "verification/support",
  "test/support",
];
const STAMP = join(ROOT, "dist", ".built");
const CONFIGURATION = ["tsconfig.json", "tsconfig.build.json", "package-lock.json"];

/** Programs are built, including those in verification. Tests are not. */
const isBuilt = (file) =>
  file.endsWith(".ts") && !file.startsWith("host/test/") && !/\.test\.ts$|^test\/support\/(?!azurite\.ts)/.test(file);

/** Compiles src, host, demo, chaos, fuzzing and mutation to dist, unless no source changed. Resolves with an exit code. */
export async function build() {
  const sources = sourceFiles(ROOMS, isBuilt);
  const orphans = outputsWithoutSource(new Set(sources));
  for (const orphan of orphans) rmSync(join(ROOT, orphan));
  if (orphans.length === 0 && upToDate(sources)) return 0;
  const startedMs = Date.now();
  // After a failed build, or one that was not ours, the incremental compiler might take missing output for present.
  if (!existsSync(STAMP)) rmSync(join(ROOT, "dist/.tsbuildinfo"), { force: true });
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const code = await runNode([tsc, "-p", "tsconfig.build.json"]);
  if (code === 0) writeFileSync(STAMP, new Date(startedMs).toISOString());
  else rmSync(STAMP, { force: true });
  return code;
}

/** A deleted source must not live on as output: functions are loaded by a pattern over the folder. */
function outputsWithoutSource(sources) {
  return sourceFiles(["dist"], (file) => /\.js(\.map)?$/.test(file)).filter(
    (output) => !sources.has(output.replace(/^dist\//, "").replace(/\.js(\.map)?$/, ".ts")),
  );
}

function upToDate(sources) {
  const builtMs = statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return [...sources, ...CONFIGURATION].every((file) => statSync(join(ROOT, file)).mtimeMs < builtMs);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = await build();
