import type { Mutant } from "./mutants.js";
import { Runner } from "./runner.js";
import { testFiles } from "./sources.js";

export type Verdict = "histories" | "orchestrators" | "survivor";

/** A mutant with what caught it. */
export interface Judged extends Omit<Mutant, "text"> {
  /** Which tests caught it. */
  verdict: Verdict;
  /** The first test that failed; null for a survivor. */
  by: string | null;
}

/** A test may take this long, and in addition a multiple of what a test file takes without a mutant. */
const LIMIT_MS = 15_000;
const LIMIT_FACTOR = 4;

const BASELINE_LIMIT_MS = 10 * 60_000;

const { histories, orchestrators, slow } = testFiles();
const ROUNDS = [
  { verdict: "histories", tests: histories },
  { verdict: "orchestrators", tests: orchestrators },
  { verdict: "orchestrators", tests: slow },
] as const;

/** How often a test file caught a mutant, overall and for one source file. */
class Catches {
  readonly #counts = new Map<string, number>();

  add(source: string, failed: string | null, tests: readonly string[]): void {
    const test = tests.find((name) => failed?.startsWith(name));
    if (test === undefined) return;
    for (const key of [test, `${source} ${test}`]) this.#counts.set(key, this.#count(key) + 1);
  }

  /** The test files that are most likely to catch a mutant of a source file come first. */
  order(source: string, tests: readonly string[]): string[] {
    const byCount = (prefix: string) => (a: string, b: string) => this.#count(prefix + b) - this.#count(prefix + a);
    return tests.toSorted(byCount("")).sort(byCount(`${source} `));
  }

  #count(key: string): number {
    return this.#counts.get(key) ?? 0;
  }
}

/**
 * Judges mutants in several processes at once, and reports each when it is judged. The fast tests of a round judge all
 * mutants before the slower ones of the next round judge those that survived.
 */
export async function judgeAll(
  mutants: readonly Mutant[],
  workers: number,
  onJudged: (judged: Judged) => void,
): Promise<void> {
  const runners = Array.from({ length: workers }, () => new Runner());
  try {
    const catches = new Catches();
    let open = mutants;
    for (const { verdict, tests } of ROUNDS) {
      if (open.length === 0) return;
      const limitMs = await limitOf(tests, runners);
      const left = open.values();
      const survivors: Mutant[] = [];
      const judgeWith = async (runner: Runner): Promise<void> => {
        for (const mutant of left) {
          const by = await caughtBy(runner, mutant, catches.order(mutant.file, tests), limitMs);
          if (by === null) survivors.push(mutant);
          else onJudged(judgedAs(mutant, verdict, by));
          catches.add(mutant.file, by, tests);
        }
      };
      await Promise.all(runners.map(judgeWith));
      open = survivors;
    }
    for (const mutant of open) onJudged(judgedAs(mutant, "survivor", null));
  } finally {
    for (const runner of runners) runner.close();
  }
}

/** The time limit of a test, from the time without a mutant, in which every test has to pass. */
async function limitOf(tests: readonly string[], runners: readonly Runner[]): Promise<number> {
  const runs = await Promise.all(runners.map((runner) => runner.run({ tests }, BASELINE_LIMIT_MS)));
  const failed = runs.find((run) => run.failed !== null);
  if (failed) throw new Error(`A test fails without any mutant: ${failed.failed}`);
  const msOfFile = (1_000 * Math.max(...runs.map(({ seconds }) => seconds))) / tests.length;
  return LIMIT_MS + LIMIT_FACTOR * msOfFile;
}

/** The first test that fails with the mutant; null when none does. */
async function caughtBy(
  runner: Runner,
  { file, text }: Mutant,
  tests: readonly string[],
  limitMs: number,
): Promise<string | null> {
  const { failed } = await runner.run({ replaced: { file, text }, tests }, limitMs);
  return failed;
}

const judgedAs = ({ text: _, ...about }: Mutant, verdict: Verdict, by: string | null): Judged => ({
  ...about,
  verdict,
  by,
});
