import fc from "fast-check";
import { seedOf } from "../../src/hypervisor/emulator/seeded.js";
import { cpuMs, examine, SLOW_INPUT_MS } from "./examine.js";
import type { Target, Verdict } from "./target.js";

/** The number of inputs between two checks of the time and the failures. */
const PART = 2_000;
/** After this many failures of a target, more would say nothing new. */
const MAX_FAILURES = 3;
const MAX_PART_MS = 120_000;

/** An input that broke a rule, in its shrunk form, and how to repeat it. */
export interface Failure {
  target: string;
  why: string;
  seed: number;
  path: string;
  input: unknown;
}

export interface TargetReport {
  target: string;
  inputs: number;
  accepted: number;
  refused: number;
  /** Processor time. */
  seconds: number;
  slowestMs: number;
  /** Inputs that took longer than {@link SLOW_INPUT_MS}. */
  slow: number;
  maxBytes: number;
  failures: Failure[];
}

/** Feeds a target its share of the inputs, part by part. */
export async function fuzz<I>(target: Target<I>, wanted: number, seed: number): Promise<TargetReport> {
  const report: TargetReport = {
    target: target.name,
    inputs: 0,
    accepted: 0,
    refused: 0,
    seconds: 0,
    slowestMs: 0,
    slow: 0,
    maxBytes: 0,
    failures: [],
  };
  const started = process.cpuUsage();
  for (let fed = 0; fed < wanted && report.failures.length < MAX_FAILURES; fed += PART) {
    const part = { seed: partSeed(seed, target.name, fed / PART), numRuns: Math.min(PART, wanted - fed) };
    const failure = await feed(target, part, report);
    if (failure !== undefined) report.failures.push(failure);
  }
  report.seconds = cpuMs(process.cpuUsage(started)) / 1_000;
  return report;
}

/** Feeds the one input that a failure names. */
export async function repeat<I>(target: Target<I>, seed: number, path: string): Promise<Failure | undefined> {
  return feed(target, { seed, path, numRuns: 1 }, undefined);
}

async function feed<I>(
  target: Target<I>,
  part: { seed: number; numRuns: number; path?: string },
  report: TargetReport | undefined,
): Promise<Failure | undefined> {
  const property = fc.asyncProperty(target.inputs, async (input) => {
    const { verdict, ms, bytes } = await examine(target, input);
    if (report !== undefined) count(report, verdict, ms, bytes);
  });
  const outcome = await fc.check(property, { ...part, interruptAfterTimeLimit: MAX_PART_MS });
  if (!outcome.failed || outcome.counterexample === null) return undefined;
  const { counterexample, counterexamplePath, errorInstance } = outcome;
  return {
    target: target.name,
    why: errorInstance instanceof Error ? describeError(errorInstance) : String(errorInstance),
    seed: part.seed,
    path: counterexamplePath ?? "",
    input: counterexample[0],
  };
}

/** The message of a violation explains it. Any other error escaped, so its stack matters. */
export const describeError = (error: Error): string =>
  error.name === "Violation" ? error.message : `escaped: ${(error.stack ?? error.message).slice(0, 1_500)}`;

function count(report: TargetReport, verdict: Verdict, ms: number, bytes: number): void {
  report.inputs += 1;
  report[verdict] += 1;
  report.slowestMs = Math.max(report.slowestMs, ms);
  if (ms > SLOW_INPUT_MS) report.slow += 1;
  report.maxBytes = Math.max(report.maxBytes, bytes);
}

/** Every part of every target has its own seed, so no two parts feed the same inputs. fast-check takes 32-bit integers. */
const partSeed = (seed: number, name: string, part: number): number => seedOf(`${seed}/${name}/${part}`) | 0;
