import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import { planHash } from "../domain/identity.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import type { Plan, PlanVersion } from "../domain/plans/plan.js";
import { planProblems, planWarnings } from "../domain/plans/plan-rules.js";
import { toInstant } from "../domain/text.js";
import type { Page, PageRequest, Tagged } from "../store/port.js";
import type { Services } from "./context.js";
import { getWorld } from "./worlds.js";

/** A plan with the ETag of its version and its warnings. */
export interface SavedPlan extends Tagged<PlanVersion> {
  warnings: string[];
}

/** Saves a plan as its next version. `ifMatch` is the ETag of the version seen, or null to create it. */
export async function savePlan(services: Services, plan: Plan, ifMatch: string | null): Promise<SavedPlan> {
  await getWorld(services, plan.worldId);
  const { items, unreadable } = await allItems(services, plan.worldId);
  const problems = planProblems(plan, items);
  if (problems.length > 0 && unreadable[0] !== undefined) throw new RecoveryError("row-unreadable", unreadable[0]);
  if (problems.length > 0) throw new RecoveryError("plan-invalid", `plan ${plan.id}: ${problems[0]}`, problems);
  const hash = planHash(plan, services.hash);
  const saved = await services.store.putPlan(plan, hash, toInstant(services.clock.now()), ifMatch);
  return { ...saved, warnings: planWarnings(plan) };
}

export async function getPlan({ store }: Services, planId: string): Promise<SavedPlan> {
  const found = await store.getPlan(planId);
  if (!found) throw new RecoveryError("plan-not-found", `there is no plan ${planId}`);
  return { ...found, warnings: planWarnings(found.value.plan) };
}

export function listPlans({ store }: Services, page: PageRequest): Promise<Page<PlanVersion>> {
  return store.listPlans(page);
}

/** The warnings about the plan of an execution; none for a single item. */
export async function warningsOf({ store }: Services, { subject }: Execution): Promise<string[]> {
  if (subject.kind === "item") return [];
  const found = await store.getPlanVersion(subject.planId, subject.planVersion);
  return found === null ? [] : planWarnings(found.plan);
}

async function allItems({ store }: Services, worldId: string): Promise<{ items: ItemRecord[]; unreadable: string[] }> {
  const items: ItemRecord[] = [];
  const unreadable: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.listItems(worldId, { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    items.push(...page.entries);
    unreadable.push(...(page.unreadable ?? []));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { items, unreadable };
}
