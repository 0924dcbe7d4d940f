import { describe, expect, test } from "vitest";
import { check, INVARIANTS, type Invariant, type Violation } from "./checker/index.js";
import { MUTANTS } from "./mutants/index.js";
import type { Mutant } from "./mutants/mutant.js";
import { simulate } from "./simulate.js";

/** A campaign that does not catch a mutant in this many seeds is too weak, or its checker is blind. */
const MAX_SEEDS = 500;

/** The first seed whose run violates the invariant that the mutant breaks. */
async function caught(mutant: Mutant): Promise<{ seed: number; found: Violation } | undefined> {
  for (let seed = 1; seed <= MAX_SEEDS; seed += 1) {
    const violations = await check(await simulate(seed, { mutant }));
    const found = violations.find(({ invariant }) => invariant === mutant.breaks);
    if (found !== undefined) return { seed, found };
  }
  return undefined;
}

describe("a mutant is caught by the invariant that it breaks", () => {
  test("every invariant has a mutant", () => {
    const violatedBy = new Set<Invariant>(MUTANTS.map(({ breaks }) => breaks));
    expect(Object.keys(INVARIANTS).filter((invariant) => !violatedBy.has(invariant as Invariant))).toEqual([]);
  });

  test.each(MUTANTS.map((mutant) => [mutant.breaks, mutant.what, mutant] as const))("%s: %s", async (_, __, mutant) => {
    expect((await caught(mutant))?.found.invariant).toBe(mutant.breaks);
  });
});
