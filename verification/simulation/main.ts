import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { isMainThread } from "node:worker_threads";
import { Campaign } from "./campaign/campaign.js";
import { COVERAGE_GOALS } from "./campaign/coverage.js";
import { runSeed, type SeedResult } from "./campaign/run-seed.js";
import { runJobs, serveJobs } from "./worker-pool.js";

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

/** A run allocates many short-lived objects. A large young generation spares the collector from copying them. */
const YOUNG_GENERATION_MB = 192;

/** The number of failing seeds that each worker shrinks. */
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

let shrunkCount = 0;

async function runJob({ seed, omit }: Job): Promise<Answer> {
  try {
    const result = await runSeed(seed, { omit }, { shrinking: shrunkCount < MAX_SHRUNK });
    shrunkCount += result.shrunk ? 1 : 0;
    return { result };
  } catch (error) {
    return { seed, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function run({ from, to, jobs, omit }: Arguments): Promise<Campaign> {
  const campaign = new Campaign();
  const seeds = Array.from({ length: to - from + 1 }, (_, index): Job => ({ seed: from + index, omit }));
  await runJobs<Job, Answer>({
    program: import.meta.url,
    workers: Math.min(jobs, seeds.length),
    jobs: seeds,
    onResult: (answer) => add(campaign, answer),
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  return campaign;
}

function add(campaign: Campaign, answer: Answer): void {
  if ("error" in answer) {
    campaign.addBroken(answer.seed, answer.error);
    console.log(`seed ${answer.seed} failed to run: ${answer.error}`);
    return;
  }
  campaign.add(answer.result);
  if (answer.result.violations.length > 0) report(answer.result);
}

function report({ seed, violations, shrunk }: SeedResult): void {
  console.log(`\nseed ${seed}:`);
  for (const { invariant, what } of violations.slice(0, 5)) console.log(`  ${invariant} ${what}`);
  const omitted = shrunk === null || shrunk.omit.length === 0 ? "" : ` --omit ${shrunk.omit.join(",")}`;
  console.log(`  repeat: npm run simulate -- --seeds ${seed}..${seed}${omitted}`);
  if (shrunk === null) return;
  console.log(`  needed to reproduce: ${shrunk.kept.join(", ") || "no part of the run"}`);
  for (const line of shrunk.timeline) console.log(`    ${line}`);
}

function summarise(campaign: Campaign, wallMs: number): void {
  const { coverage, seeds, recoveries, missed, perCoreSecond } = campaign;
  console.log("\nCoverage (number of runs):");
  const names = [...new Set([...COVERAGE_GOALS, ...coverage.keys()])];
  for (const name of names) console.log(`${String(coverage.get(name) ?? 0).padStart(8)}  ${name}`);
  console.log(
    `\n${seeds} seeds, ${recoveries} recoveries in ${(wallMs / 1_000).toFixed(1)} s; on one core ` +
      `${perCoreSecond.seeds.toFixed(1)} seeds/s and ${perCoreSecond.recoveries.toFixed(1)} recoveries/s`,
  );
  const share = `${(100 * campaign.comparedShare).toFixed(1)} % of the seeds were compared with the undisturbed run`;
  console.log(campaign.comparesTooFew ? `${share}: fewer than one in ten` : share);
  if (missed.length > 0) console.log(`not covered: ${missed.join("; ")}`);
  console.log(
    `${seeds - campaign.failed} passed, ${campaign.failed + (missed.length > 0 ? 1 : 0) + (campaign.comparesTooFew ? 1 : 0)} failed`,
  );
}

async function main(): Promise<void> {
  const args = readArguments();
  const beganMs = Date.now();
  const campaign = await run(args);
  const { user, system } = process.cpuUsage();
  campaign.cpuMs = (user + system) / 1_000;
  const wallMs = Date.now() - beganMs;
  summarise(campaign, wallMs);
  if (args.json !== undefined) {
    const { seeds, recoveries, cpuMs, perCoreSecond, broken, missed, coverage, comparedShare } = campaign;
    const failures = campaign.failures.map(({ seed, violations, shrunk }) => ({ seed, violations, shrunk }));
    const reached = Object.fromEntries(coverage);
    const figures = {
      seeds,
      recoveries,
      wallMs,
      cpuMs,
      perCoreSecond,
      failures,
      broken,
      missed,
      comparedShare,
      reached,
    };
    await writeFile(args.json, `${JSON.stringify({ ...args, ...figures }, null, 2)}\n`);
  }
  if (campaign.failed > 0 || campaign.missed.length > 0 || campaign.comparesTooFew) process.exitCode = 1;
}

if (isMainThread) await main();
else serveJobs(runJob);
