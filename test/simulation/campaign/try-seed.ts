import { MEASURED } from "../../../src/domain/measures.js";
import { check, type Violation } from "../checker/index.js";
import { type SimulationOptions, simulate } from "../simulate.js";
import { coverageOf } from "./coverage.js";
import { shrink } from "./shrink.js";
import { storyOf } from "./story.js";

/** How one seed came out. */
export interface SeedResult {
  seed: number;
  violations: Violation[];
  /** Names and counts of what it reached. */
  reached: [string, number][];
  /** Failovers of any kind that it told, there and back. */
  recoveries: number;
  /** Of a seed that failed: the parts that are left when all that does not matter is left out, and what happened. */
  shortest: Shortest | null;
}

export interface Shortest {
  omit: string[];
  kept: string[];
  story: string[];
}

/** Runs a seed and checks it; a violation is looked at more closely when `shrinking`. */
export async function trySeed(
  seed: number,
  options: SimulationOptions,
  { shrinking }: { shrinking: boolean },
): Promise<SeedResult> {
  const evidence = await simulate(seed, options);
  const violations = await check(evidence);
  const [first] = violations;
  return {
    seed,
    violations,
    reached: [...coverageOf(evidence)],
    recoveries: evidence.store.executions.filter(({ verb }) => MEASURED.has(verb)).length,
    shortest: first && shrinking ? await shortestOf(seed, options, first) : null,
  };
}

async function shortestOf(seed: number, options: SimulationOptions, { invariant }: Violation): Promise<Shortest> {
  const { parts = [] } = await simulate(seed, options);
  const fails = async (omit: readonly string[]): Promise<boolean> =>
    (await check(await simulate(seed, { ...options, omit }))).some((violation) => violation.invariant === invariant);
  const omit = await shrink(parts, options.omit ?? [], fails);
  const evidence = await simulate(seed, { ...options, omit });
  const left = new Set(omit);
  return { omit, kept: parts.filter((part) => !left.has(part)), story: storyOf(evidence) };
}
