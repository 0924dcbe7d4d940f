import { MEASURED } from "../../../src/domain/plans/measures.js";
import { check, type Violation } from "../checker/index.js";
import { allSucceeded, areComparable } from "../checker/outcomes.js";
import type { Evidence } from "../evidence.js";
import { type SimulationOptions, simulate } from "../simulate.js";
import { COMPARED, coverageOf } from "./coverage.js";
import { shrink } from "./shrink.js";
import { timelineOf } from "./timeline.js";

/** The result of one seed. */
export interface SeedResult {
  seed: number;
  violations: Violation[];
  /** Names and counts of the coverage goals that it reached. */
  reached: [string, number][];
  /** Number of failovers and failbacks. */
  recoveries: number;
  /** For a failing seed: the parts that are necessary for the failure, and the timeline of the shrunk run. */
  shrunk: ShrunkFailure | null;
}

export interface ShrunkFailure {
  omit: string[];
  kept: string[];
  timeline: string[];
}

/** Every fifth seed also runs without faults, if everything succeeded with them. Both must end in the same state. */
const COMPARED_SHARE = 5;

interface CheckedRun {
  evidence: Evidence;
  violations: Violation[];
  /** The same run without faults, if it was made. */
  faultFree?: Evidence;
}

async function runAndCheck(seed: number, options: SimulationOptions): Promise<CheckedRun> {
  const evidence = await simulate(seed, options);
  if (seed % COMPARED_SHARE !== 0 || evidence.injectedFaults.length === 0 || !allSucceeded(evidence)) {
    return { evidence, violations: await check(evidence) };
  }
  const faultFree = await simulate(seed, { ...options, faults: "none" });
  return { evidence, violations: await check(evidence, faultFree), faultFree };
}

/** Runs a seed and checks it. With `shrinking`, a failing run is shrunk. */
export async function runSeed(
  seed: number,
  options: SimulationOptions,
  { shrinking }: { shrinking: boolean },
): Promise<SeedResult> {
  const { evidence, violations, faultFree } = await runAndCheck(seed, options);
  const [first] = violations;
  const coverage = coverageOf(evidence);
  if (faultFree && areComparable(evidence, faultFree)) coverage.set(COMPARED, 1);
  return {
    seed,
    violations,
    reached: [...coverage],
    recoveries: recoveriesIn(evidence) + (faultFree ? recoveriesIn(faultFree) : 0),
    shrunk: first && shrinking ? await shrinkFailure(seed, options, first) : null,
  };
}

const recoveriesIn = ({ store }: Evidence): number => store.executions.filter(({ verb }) => MEASURED.has(verb)).length;

async function shrinkFailure(
  seed: number,
  options: SimulationOptions,
  { invariant }: Violation,
): Promise<ShrunkFailure> {
  const { parts = [] } = await simulate(seed, options);
  const fails = async (omit: readonly string[]): Promise<boolean> =>
    (await runAndCheck(seed, { ...options, omit })).violations.some((violation) => violation.invariant === invariant);
  const omit = await shrink(parts, options.omit ?? [], fails);
  const evidence = await simulate(seed, { ...options, omit });
  const left = new Set(omit);
  return { omit, kept: parts.filter((part) => !left.has(part)), timeline: timelineOf(evidence) };
}
