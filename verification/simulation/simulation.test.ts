import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sha256 } from "../support/hash.js";
import { runSeed } from "./campaign/run-seed.js";
import type { Evidence } from "./evidence.js";
import { type SimulationOptions, simulate } from "./simulate.js";

/** A seed that once showed a bug, and the bug. Most were found before plans wanted approvals and people steered. */
interface Regression {
  seed: number;
  options?: SimulationOptions;
  was: string;
}

const REGRESSIONS = JSON.parse(
  readFileSync(new URL("regressions.json", import.meta.url), "utf8"),
) as readonly Regression[];

const hashOf = (evidence: Evidence): string => sha256(JSON.stringify(evidence));

/** The violations of a seed, each with the command that repeats it. */
async function violationsOf(seed: number, options: SimulationOptions = {}): Promise<string[]> {
  const { violations } = await runSeed(seed, options, { shrinking: false });
  return violations.map(
    ({ invariant, what }) => `seed ${seed}: ${invariant} ${what}; npm run simulate -- --seeds ${seed}..${seed}`,
  );
}

describe("the same seed gives the same run byte for byte", () => {
  test.each([1, 9, 44])("seed %i", async (seed) => {
    expect(hashOf(await simulate(seed))).toBe(hashOf(await simulate(seed)));
  });

  test("another seed gives another run", async () => {
    expect(hashOf(await simulate(1))).not.toBe(hashOf(await simulate(2)));
  });
});

/** The number that `npm test` has time for. `npm run simulate` takes any. */
const SEEDS = 300;

describe("every invariant holds", () => {
  const CHUNK = 25;
  const chunks = Array.from({ length: SEEDS / CHUNK }, (_, index) => 1 + index * CHUNK);
  test.each(chunks)(`seeds from %i`, async (from) => {
    const wrong: string[] = [];
    for (let seed = from; seed < from + CHUNK; seed += 1) wrong.push(...(await violationsOf(seed)));
    expect(wrong).toEqual([]);
  });

  test.each(REGRESSIONS)("seed $seed, which showed that $was", async ({ seed, options }) => {
    const quiet = { approving: false, steering: false, sources: false };
    expect(await violationsOf(seed, { ...quiet, ...options })).toEqual([]);
  });
});
