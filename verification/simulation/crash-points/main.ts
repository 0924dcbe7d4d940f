import { parseArgs } from "node:util";
import { isMainThread } from "node:worker_threads";
import { runJobs, serveJobs } from "../worker-pool.js";
import { CRASH_CASES } from "./crash-cases.js";
import { runFaultFree, violationsAt } from "./explore.js";

/** One case, and every `oneIn`th of its crash points. */
interface Job {
  index: number;
  oneIn: number;
}
interface Explored {
  name: string;
  points: number;
  tried: number;
  failed: number;
  violations: string[];
}

async function explore({ index, oneIn }: Job): Promise<Explored> {
  const crashCase = CRASH_CASES[index];
  if (!crashCase) throw new Error(`there is no case ${index}`);
  const run = await runFaultFree(crashCase);
  const chosen = run.points.filter((_, at) => (at + index) % oneIn === 0);
  const violations: string[] = [];
  let failed = 0;
  for (const point of chosen) {
    const found = await violationsAt(point, run);
    violations.push(...found);
    failed += found.length > 0 ? 1 : 0;
  }
  const name = `${crashCase.verb} of ${crashCase.scenario}`;
  return { name, points: run.points.length, tried: chosen.length, failed, violations };
}

/** Stops the host at the crash points of every case and prints the violations. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { jobs: { type: "string", default: "2" }, "one-in": { type: "string", default: "1" } },
  });
  const [jobs, oneIn] = [Number(values.jobs), Number(values["one-in"])];
  if (!(jobs >= 1 && oneIn >= 1))
    throw new Error("Use --jobs with the number of cores, --one-in N for every Nth point.");
  let [tried, failed] = [0, 0];
  await runJobs<Job, Explored>({
    program: import.meta.url,
    workers: jobs,
    jobs: CRASH_CASES.map((_, index) => ({ index, oneIn })),
    onResult: (explored) => {
      for (const one of explored.violations) console.log(one);
      console.log(`${explored.name}: ${explored.tried} of ${explored.points} crash points, ${explored.failed} failed`);
      tried += explored.tried;
      failed += explored.failed;
    },
  });
  console.log(`${tried - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

if (isMainThread) await main();
else serveJobs(explore);
