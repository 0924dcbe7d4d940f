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

/**
 * Every fifth seed also runs calmly, with faults and without. Where everything succeeded in both runs, they must end in
 * the same state. A run as the seed has it seldom succeeds as a whole, so it is compared only when it does.
 */
const COMPARED_SHARE = 5;

interface CheckedRun {
  evidence: Evidence;
  violations: Violation[];
  /** Failovers and failbacks of the further runs. */
  furtherRecoveries: number;
  /** Whether a run could be compared with the undisturbed one. */
  compared: boolean;
}

async function runAndCheck(seed: number, options: SimulationOptions): Promise<CheckedRun> {
  const evidence = await simulate(seed, options);
  if (seed % COMPARED_SHARE !== 0 || options.faults === "none" || options.script !== undefined) {
    return { evidence, violations: await check(evidence), furtherRecoveries: 0, compared: false };
  }
  const own = await compare(seed, options, evidence);
  const calm = { ...options, calm: true };
  const calmly = await compare(seed, calm, await simulate(seed, calm));
  return {
    evidence,
    violations: [...own.violations, ...calmly.violations],
    furtherRecoveries: own.recoveries + calmly.recoveries + calmly.ownRecoveries,
    compared: own.compared || calmly.compared,
  };
}

/** Checks a run, also against the same run without faults where everything succeeded. */
async function compare(seed: number, options: SimulationOptions, evidence: Evidence) {
  const ownRecoveries = recoveriesIn(evidence);
  if (evidence.injectedFaults.length === 0 || !allSucceeded(evidence)) {
    return { violations: await check(evidence), recoveries: 0, ownRecoveries, compared: false };
  }
  const faultFree = await simulate(seed, { ...options, faults: "none" });
  return {
    violations: await check(evidence, faultFree),
    recoveries: recoveriesIn(faultFree),
    ownRecoveries,
    compared: areComparable(evidence, faultFree),
  };
}

/** Runs a seed and checks it. With `shrinking`, a failing run is shrunk. */
export async function runSeed(
  seed: number,
  options: SimulationOptions,
  { shrinking }: { shrinking: boolean },
): Promise<SeedResult> {
  const { evidence, violations, furtherRecoveries, compared } = await runAndCheck(seed, options);
  const [first] = violations;
  const coverage = coverageOf(evidence);
  if (compared) coverage.set(COMPARED, 1);
  return {
    seed,
    violations,
    reached: [...coverage],
    recoveries: recoveriesIn(evidence) + furtherRecoveries,
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
