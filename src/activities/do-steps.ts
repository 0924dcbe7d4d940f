import { doSteps as contract, type StepAnswer } from "../durable/side-by-side.js";
import { type Activity, activity } from "./activity.js";
import type { Ports } from "./ports.js";

/**
 * Does one step for each of many items, all at the same time. Each is an activity of its own that happens to be
 * called together with others: what goes wrong with one is its own answer.
 */
export function doSteps(known: readonly Activity[]): Activity {
  const byName = new Map(known.map((one) => [one.name, one]));
  return activity(contract, async (ports, { steps }) => ({
    answers: await Promise.all(steps.map(({ step, input }) => answerOf(byName.get(step), ports, step, input))),
  }));
}

async function answerOf(found: Activity | undefined, ports: Ports, step: string, input: unknown): Promise<StepAnswer> {
  try {
    if (found === undefined) throw new Error(`there is no step ${step}`);
    return (await found.handle(ports, input)) as StepAnswer;
  } catch (thrown) {
    return { ok: false, fault: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
