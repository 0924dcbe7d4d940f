import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { CRASH_CASES } from "./crash-cases.js";
import { faultFree, violationsAt } from "./explore.js";

/** What a worker is asked for: one journey, and every `oneIn`th of its points. */
interface Job {
  crashCase: number;
  oneIn: number;
}
interface Explored {
  name: string;
  points: number;
  tried: number;
  failed: number;
  wrong: string[];
}

async function explore({ crashCase, oneIn }: Job): Promise<Explored> {
  const told = CRASH_CASES[crashCase];
  if (!told) throw new Error(`there is no journey ${crashCase}`);
  const run = await faultFree(told);
  const chosen = run.points.filter((_, index) => (index + crashCase) % oneIn === 0);
  const wrong: string[] = [];
  let failed = 0;
  for (const point of chosen) {
    const found = await violationsAt(point, run);
    wrong.push(...found);
    failed += found.length > 0 ? 1 : 0;
  }
  return { name: `${told.verb} of ${told.scenario}`, points: run.points.length, tried: chosen.length, failed, wrong };
}

/** In a worker: journeys come one at a time, results go back. */
function work(): void {
  const port = parentPort;
  port?.on("message", async (job: Job) => port.postMessage(await explore(job)));
}

/** Shares the journeys out among workers; `heard` is told of each. */
async function exploreAll(jobs: number, oneIn: number, report: (explored: Explored) => void): Promise<void> {
  let next = 0;
  const employ = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(fileURLToPath(import.meta.url));
      const give = (): void => {
        if (next < CRASH_CASES.length) worker.postMessage({ crashCase: next++, oneIn } satisfies Job);
        else void worker.terminate().then(() => resolve());
      };
      worker.on("message", (explored: Explored) => {
        report(explored);
        give();
      });
      worker.on("error", reject);
      give();
    });
  await Promise.all(Array.from({ length: jobs }, employ));
}

/** Stops the host at points of every journey, all of them unless told otherwise, and says what is wrong. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { jobs: { type: "string", default: "2" }, "one-in": { type: "string", default: "1" } },
  });
  const [jobs, oneIn] = [Number(values.jobs), Number(values["one-in"])];
  if (!(jobs >= 1 && oneIn >= 1))
    throw new Error("Use --jobs with the number of cores, --one-in N for every Nth point.");
  let [tried, failed] = [0, 0];
  await exploreAll(jobs, oneIn, (explored) => {
    for (const one of explored.wrong) console.log(one);
    console.log(`${explored.name}: ${explored.tried} of ${explored.points} crash points, ${explored.failed} wrong`);
    tried += explored.tried;
    failed += explored.failed;
  });
  console.log(`${tried - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

if (isMainThread) await main();
else work();
