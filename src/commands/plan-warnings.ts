import type { Execution } from "../domain/execution.js";
import { planWarnings } from "../domain/plans/plan-rules.js";
import type { Services } from "./context.js";

/** What the plan of an execution should not do but may; nothing for a single item. */
export async function warningsOf({ store }: Services, { subject }: Execution): Promise<string[]> {
  if (subject.kind === "item") return [];
  const found = await store.getPlanVersion(subject.planId, subject.planVersion);
  return found === null ? [] : planWarnings(found.plan);
}
