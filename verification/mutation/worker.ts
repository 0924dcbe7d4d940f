/**
 * A process that keeps vitest loaded and runs test files of a copy of the sources, with one of its files replaced. The
 * process is killed from outside when it takes too long: an endless loop in a mutant cannot be interrupted otherwise.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createVitest, type TestCase, type TestModule, type Vitest } from "vitest/node";

export interface Job {
  /** The file to replace during the run, and its text. Nothing is replaced when missing. */
  replaced?: { file: string; text: string };
  /** Test files in the order in which they run. The first failure ends the run. */
  tests: readonly string[];
}

/** One message for each test that ended, so that its silence can be noticed, then one with the result. */
export type Message =
  | { kind: "test-ended" }
  | { kind: "result"; failed: string | null }
  /** The run itself went wrong, so it says nothing about the mutant. */
  | { kind: "error"; message: string };

const send = (message: Message): void => void process.send?.(message);

/** The order of a run is that of its specifications. */
const KEEP_ORDER = class {
  sort<T>(files: T): T {
    return files;
  }
  shard<T>(files: T): T {
    return files;
  }
};

/** The test files that ended in this run: vitest itself keeps those of earlier runs as well. */
const ended: TestModule[] = [];

async function open(folder: string): Promise<Vitest> {
  const reporter = {
    onTestCaseResult: () => send({ kind: "test-ended" }),
    onTestModuleEnd: (module: TestModule) => void ended.push(module),
  };
  return createVitest("test", {
    root: folder,
    config: false,
    watch: false,
    pool: "forks",
    // One process runs all files, which saves loading the app once for each.
    isolate: false,
    fileParallelism: false,
    maxWorkers: 1,
    bail: 1,
    execArgv: ["--disable-proto=throw", "--max-old-space-size=2048"],
    include: ["test/**/*.test.ts"],
    testTimeout: 180_000,
    reporters: [reporter],
    sequence: { sequencer: KEEP_ORDER },
  });
}

async function run(vitest: Vitest, folder: string, { replaced, tests }: Job): Promise<string | null> {
  if (replaced === undefined) return firstFailure(vitest, folder, tests);
  const path = join(folder, replaced.file);
  const original = readFileSync(path, "utf8");
  try {
    writeFileSync(path, replaced.text);
    vitest.invalidateFile(path);
    return await firstFailure(vitest, folder, tests);
  } finally {
    writeFileSync(path, original);
    vitest.invalidateFile(path);
  }
}

/** The name of the first test that fails; null when none does. */
async function firstFailure(vitest: Vitest, folder: string, tests: readonly string[]): Promise<string | null> {
  const project = vitest.getRootProject();
  const specifications = tests.map((file) => project.createSpecification(join(folder, file)));
  ended.length = 0;
  const { unhandledErrors } = await vitest.runTestSpecifications(specifications);
  for (const module of ended) {
    const [failed] = module.children.allTests("failed");
    if (failed !== undefined) return nameOf(module, folder, failed);
    if (module.errors().length > 0) return nameOf(module, folder);
  }
  if (unhandledErrors.length > 0) return `an error outside of any test: ${String(unhandledErrors[0])}`.slice(0, 300);
  if (ended.length !== tests.length) throw new Error(`only ${ended.length} of ${tests.length} files ran`);
  return null;
}

const nameOf = (module: TestModule, folder: string, test?: TestCase): string =>
  `${module.moduleId.replace(`${folder}/`, "")}${test === undefined ? " does not load" : ` > ${test.fullName}`}`;

const folder = process.argv[2] ?? "";
const vitest = await open(folder);
process.on("message", async (job: Job) => {
  try {
    send({ kind: "result", failed: await run(vitest, folder, job) });
  } catch (error) {
    send({ kind: "error", message: String(error) });
  }
});
process.on("disconnect", () => process.exit());
send({ kind: "result", failed: null });
