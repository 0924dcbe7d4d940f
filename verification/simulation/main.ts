import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { Campaign } from "./campaign/campaign.js";
import { COVERAGE_GOALS } from "./campaign/coverage.js";
import { runSeed, type SeedResult } from "./campaign/run-seed.js";

/** What a worker is asked for and what it answers. */
interface Job {
  seed: number;
  omit: string[];
}
type Answer = { result: SeedResult } | { seed: number; error: string };

interface Arguments {
  from: number;
  to: number;
  json: string | undefined;
  jobs: number;
  omit: string[];
}

/** A run makes much that is soon forgotten: with room for it, less of it is copied about. */
const YOUNG_MB = 192;

/** How many seeds are shrunk: the first few say enough. */
const MAX_SHRUNK = 5;

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "1..300" },
      json: { type: "string" },
      jobs: { type: "string", default: "2" },
      omit: { type: "string", default: "" },
    },
  });
  const range = /^(\d+)\.\.(\d+)$/.exec(values.seeds);
  const jobs = Number(values.jobs);
  if (!range || !(jobs >= 1)) throw new Error("Use --seeds A..B, and --jobs with the number of cores to use.");
  const [from, to] = [Number(range[1]), Number(range[2])];
  return { from, to, json: values.json, jobs, omit: values.omit.split(",").filter((part) => part !== "") };
}

/** In a worker: seeds come one at a time, results go back. */
function work(): void {
  const port = parentPort;
  let shrunkCount = 0;
  port?.on("message", ({ seed, omit }: Job) => {
    runSeed(seed, { omit }, { shrinking: shrunkCount < MAX_SHRUNK })
      .then((result) => {
        shrunkCount += result.shrunk ? 1 : 0;
        port.postMessage({ result } satisfies Answer);
      })
      .catch((error: Error) => port.postMessage({ seed, error: error.stack ?? error.message } satisfies Answer));
  });
}

/** Shares the seeds out among workers, and prints what goes wrong when it does. */
async function run({ from, to, jobs, omit }: Arguments): Promise<Campaign> {
  const campaign = new Campaign();
  let next = from;
  const employ = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(fileURLToPath(import.meta.url), {
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      });
      const give = (): void => {
        if (next <= to) worker.postMessage({ seed: next++, omit } satisfies Job);
        else void worker.terminate().then(() => resolve());
      };
      worker.on("message", (answer: Answer) => {
        take(campaign, answer);
        give();
      });
      worker.on("error", reject);
      give();
    });
  await Promise.all(Array.from({ length: Math.min(jobs, to - from + 1) }, employ));
  return campaign;
}

function take(campaign: Campaign, answer: Answer): void {
  if ("error" in answer) {
    campaign.addBroken(answer.seed, answer.error);
    console.log(`seed ${answer.seed} could not be run: ${answer.error}`);
    return;
  }
  campaign.add(answer.result);
  if (answer.result.violations.length > 0) report(answer.result);
}

function report({ seed, violations, shrunk }: SeedResult): void {
  console.log(`\nseed ${seed}:`);
  for (const { invariant, what } of violations.slice(0, 5)) console.log(`  ${invariant} ${what}`);
  const omitted = shrunk === null || shrunk.omit.length === 0 ? "" : ` --omit ${shrunk.omit.join(",")}`;
  console.log(`  repeat it: npm run simulate -- --seeds ${seed}..${seed}${omitted}`);
  if (shrunk === null) return;
  console.log(`  needed for it: ${shrunk.kept.join(", ") || "nothing in particular"}`);
  for (const line of shrunk.timeline) console.log(`    ${line}`);
}

function summarise(campaign: Campaign, wallMs: number): void {
  const { coverage, seeds, recoveries, missed } = campaign;
  const { perCoreSecond } = campaign;
  console.log("\nReached in this many runs:");
  const names = [...new Set([...COVERAGE_GOALS, ...coverage.keys()])];
  for (const name of names) console.log(`${String(coverage.get(name) ?? 0).padStart(8)}  ${name}`);
  console.log(
    `\n${seeds} seeds, ${recoveries} recoveries in ${(wallMs / 1_000).toFixed(1)} s; on one core ` +
      `${perCoreSecond.seeds.toFixed(1)} seeds/s and ${perCoreSecond.recoveries.toFixed(1)} recoveries/s`,
  );
  if (missed.length > 0) console.log(`never reached: ${missed.join("; ")}`);
  console.log(`${seeds - campaign.failed} passed, ${campaign.failed + (missed.length > 0 ? 1 : 0)} failed`);
}

async function main(): Promise<void> {
  const request = readArguments();
  const beganMs = Date.now();
  const campaign = await run(request);
  const { user, system } = process.cpuUsage();
  campaign.cpuMs = (user + system) / 1_000;
  const wallMs = Date.now() - beganMs;
  summarise(campaign, wallMs);
  if (request.json !== undefined) {
    const { seeds, recoveries, cpuMs, perCoreSecond, broken, missed, coverage } = campaign;
    const failures = campaign.failures.map(({ seed, violations, shrunk }) => ({ seed, violations, shrunk }));
    const reached = Object.fromEntries(coverage);
    const figures = { seeds, recoveries, wallMs, cpuMs, perCoreSecond, failures, broken, missed, reached };
    await writeFile(request.json, `${JSON.stringify({ ...request, ...figures }, null, 2)}\n`);
  }
  if (campaign.failed > 0 || campaign.missed.length > 0) process.exitCode = 1;
}

if (isMainThread) await main();
else work();
