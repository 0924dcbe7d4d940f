import { availableParallelism } from "node:os";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const AZURITE = ["test/support/azurite-setup.ts"];

/** Each loads another app than its neighbours or changes its process, and a process can load one app. */
const ISOLATED = [
  "test/support/**/*.test.ts",
  "verification/{chaos,fuzz}/**/*.test.ts",
  "test/unit/{hypervisor/{emulator,failback},store/{store,blob-heads}}.test.ts",
  "test/unit/access/route-matrix.test.ts",
  "test/unit/durable/{mailbox,fiber-scheduler,tell-approvers}.test.ts",
  "host/test/management/golden-*.test.ts",
  "host/test/shell/{auth,esm,foreign,hooks,http,loading,streaming,timers,twins}.test.ts",
];

/**
 * Files of a project without isolation share the processes and the modules of their predecessors, so they import and
 * compile everything once. They must not change what they import.
 */
const project = (name: string, include: string[], options: TestProjectInlineConfiguration["test"] = {}) => ({
  extends: true as const,
  test: { name, include, exclude: ISOLATED, isolate: false, ...options },
});

const PROJECTS = [
  project("http", ["test/{e2e,behaviours}/**/*.test.ts"], { globalSetup: ["test/support/http-setup.ts"] }),
  project("host", ["host/test/**/*.test.ts"], { globalSetup: AZURITE }),
  project("isolated", ISOLATED, { exclude: [], isolate: true, globalSetup: AZURITE }),
  project("orchestrators", ["test/{orchestrators,replay}/**/*.test.ts", "verification/simulation/**/*.test.ts"]),
  project("unit", ["test/{unit,activities,tools}/**/*.test.ts"]),
];

/** Without durations of an earlier run vitest orders by size. The longest files must come first, or one core idles at the end. */
const LONGEST = ["/simulation/simulation.test.ts", "/chaos/chaos.test.ts", "/fuzz/fuzz.test.ts"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project: { name } }: TestSpecification): number => {
      const place = LONGEST.findIndex((file) => moduleId.endsWith(file));
      return place >= 0 ? place : LONGEST.length + PROJECTS.findIndex(({ test }) => test.name === name);
    };
    return files.toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    pool: "forks",
    // By default vitest leaves one core free, which is half of a small machine.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongestFirst },
    execArgv: [
      // No input may reach a prototype. Azurite itself needs __proto__, so this is not in NODE_OPTIONS.
      "--disable-proto=throw",
      // Every core has a worker, so threads that collect garbage would only take time from another worker.
      "--single-threaded-gc",
      "--max-semi-space-size=32",
    ],
    projects: PROJECTS,
    // A busy machine may do late what a test waits for.
    expect: { poll: { timeout: 30_000 } },
    testTimeout: 180_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
  },
});
