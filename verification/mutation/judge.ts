import type { Mutant } from "./mutants.js";
import { type Run, Runner } from "./runner.js";
import { rounds } from "./sources.js";

export type Verdict = "histories" | "orchestrators" | "survivor";

/** A mutant with what caught it. */
export interface Judged extends Omit<Mutant, "text"> {
  /** Which tests caught it. */
  verdict: Verdict;
  /** The first test that failed; null for a survivor. */
  by: string | null;
}

/** Each test has this long, besides a multiple of what the slowest one takes without a mutant. */
const LIMIT_MS = 15_000;
const LIMIT_FACTOR = 4;

const ROUNDS = Object.entries(rounds()).map(([name, tests]) => ({
  verdict: name === "histories" ? ("histories" as const) : ("orchestrators" as const),
  tests,
  limitMs: LIMIT_MS,
}));

/** How often a test file caught a mutant, overall and for one source file. */
class Catches {
  readonly #counts = new Map<string, number>();

  add(source: string, test: string): void {
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

/** Judges mutants in several processes at once, and reports each when it is judged. */
export async function judgeAll(
  mutants: readonly Mutant[],
  workers: number,
  onJudged: (judged: Judged) => void,
): Promise<void> {
  const runners = Array.from({ length: workers }, () => new Runner());
  try {
    const [first] = runners;
    if (first !== undefined) await measure(first);
    const catches = new Catches();
    const open = mutants.values();
    await Promise.all(
      runners.map(async (runner) => {
        for (const mutant of open) onJudged(await judge(runner, mutant, catches));
      }),
    );
  } finally {
    for (const runner of runners) runner.close();
  }
}

/** Without a mutant every test has to pass; how long that takes sets the time limits. */
async function measure(runner: Runner): Promise<void> {
  for (const round of ROUNDS) {
    const { failed, seconds } = await runner.run({ tests: round.tests }, 10 * 60_000);
    if (failed !== null) throw new Error(`A test fails without any mutant: ${failed}`);
    const share = round.verdict === "histories" ? 1 : round.tests.length;
    round.limitMs = LIMIT_MS + (LIMIT_FACTOR * seconds * 1_000) / share;
  }
}

async function judge(runner: Runner, mutant: Mutant, catches: Catches): Promise<Judged> {
  const { text, ...about } = mutant;
  for (const { verdict, tests, limitMs } of ROUNDS) {
    const ordered = catches.order(mutant.file, tests);
    const { failed }: Run = await runner.run({ replaced: { file: mutant.file, text }, tests: ordered }, limitMs);
    if (failed === null) continue;
    const test = tests.find((name) => failed.startsWith(name));
    if (test !== undefined) catches.add(mutant.file, test);
    return { ...about, verdict, by: failed };
  }
  return { ...about, verdict: "survivor", by: null };
}
