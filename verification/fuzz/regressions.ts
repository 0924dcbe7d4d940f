import { readFileSync } from "node:fs";
import { describeError, type Failure } from "./campaign.js";
import { examine } from "./examine.js";
import type { Target } from "./target.js";

/** An input that once broke a rule. */
interface Regression {
  target: string;
  /** What was wrong, in one line. */
  was: string;
  input: unknown;
}

/** Feeds known inputs to their targets. Throws when a target no longer exists, because its inputs need a new one. */
export async function feedRegressions(
  targets: readonly Target[],
  file: string,
): Promise<{ fed: number; failures: Failure[] }> {
  const corpus = JSON.parse(readFileSync(file, "utf8")) as Regression[];
  const failures: Failure[] = [];
  for (const { target: name, was, input } of corpus) {
    const target = targets.find((one) => one.name === name);
    if (target === undefined) throw new Error(`${file} names the target "${name}", which does not exist`);
    try {
      await examine(target, input);
    } catch (thrown) {
      const why = thrown instanceof Error ? describeError(thrown) : String(thrown);
      failures.push({ target: name, why: `again (${was}): ${why}`, seed: 0, path: "", input });
    }
  }
  return { fed: corpus.length, failures };
}
