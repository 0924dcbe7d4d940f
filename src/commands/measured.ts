import type { Execution } from "../domain/execution.js";
import { measureObjectives, type ObjectivesReport } from "../domain/objectives.js";
import type { Plan } from "../domain/plan.js";
import { planWarnings } from "../domain/plan-rules.js";
import type { Services } from "./context.js";

/** What an ended execution lost and how long it took, against its plan's objectives; null before its end. */
export async function measuredBy(services: Services, execution: Execution): Promise<ObjectivesReport | null> {
  if (!("outcomes" in execution)) return null;
  return measureObjectives(await planOf(services, execution), execution.verb, execution.outcomes);
}

/** What the plan of an execution should not do but may. */
export async function warningsOf(services: Services, execution: Execution): Promise<string[]> {
  const plan = await planOf(services, execution);
  return plan === null ? [] : planWarnings(plan);
}

async function planOf({ store }: Services, { subject }: Execution): Promise<Plan | null> {
  if (subject.kind === "item") return null;
  return (await store.getPlanVersion(subject.planId, subject.planVersion))?.plan ?? null;
}
