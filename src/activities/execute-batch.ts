import { executeBatch as contract, type StepResult } from "../durable/fiber-scheduler.js";
import { type Activity, activity } from "./activity.js";
import type { Ports } from "./ports.js";

/**
 * Executes one step for each of many fibers, concurrently. Each step is an activity of its own: what goes wrong with
 * one is its own answer. An answer names the step and the key that it answers.
 */
export function executeBatch(known: readonly Activity[]): Activity {
  const byName = new Map(known.map((one) => [one.name, one]));
  return activity(contract, async (ports, { steps }) => ({
    answers: await Promise.all(
      steps.map(async ({ step, key, input }) => {
        return { step, key, result: await resultOf(byName.get(step), ports, step, input) };
      }),
    ),
  }));
}

async function resultOf(found: Activity | undefined, ports: Ports, step: string, input: unknown): Promise<StepResult> {
  try {
    if (found === undefined) throw new Error(`there is no step ${step}`);
    return (await found.handle(ports, input)) as StepResult;
  } catch (thrown) {
    return { ok: false, fault: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
