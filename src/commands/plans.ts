import type { Caller } from "../domain/access/caller.js";
import { approvalProblems, approvalWarnings } from "../domain/approvals/requirement-rules.js";
import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import { planHash } from "../domain/identity.js";
import type { Plan, PlanVersion } from "../domain/plans/plan.js";
import { planProblems, planWarnings } from "../domain/plans/plan-rules.js";
import { toInstant } from "../domain/text.js";
import type { Page, PageRequest, Tagged } from "../store/port.js";
import type { Services } from "./context.js";
import { announceSchedule, followPlan } from "./drills/schedules.js";
import { requireMayAdd } from "./guarded-items.js";
import { allPages } from "./pages.js";
import { listedWarnings } from "./plan-members.js";
import { unfinishedExecutions } from "./unfinished-executions.js";
import { getWorld } from "./worlds.js";

/** A plan with the ETag of its version and its warnings. */
export interface SavedPlan extends Tagged<PlanVersion> {
  warnings: string[];
}

/**
 * Saves a plan as its next version. `ifMatch` is the ETag of the version seen, or null to create it.
 * @param planner whose roles may be limited to plans; a name alone is not limited
 */
export async function savePlan(
  services: Services,
  plan: Plan,
  ifMatch: string | null,
  planner: Caller | string,
): Promise<SavedPlan> {
  const person = typeof planner === "string" ? planner : planner.person;
  const { change } = await getWorld(services, plan.worldId);
  if (change?.kind === "removal") throw new RecoveryError("world-changing", `world ${plan.worldId} is being removed`);
  const { entries: items, unreadable } = await allPages((page) => services.store.listItems(plan.worldId, page));
  const problems = [...planProblems(plan, items), ...approvalProblems(plan)];
  if (problems.length > 0 && unreadable[0] !== undefined) throw new RecoveryError("row-unreadable", unreadable[0]);
  if (problems.length > 0) throw new RecoveryError("plan-invalid", `plan ${plan.id}: ${problems[0]}`, problems);
  if (typeof planner !== "string") await requireMayAdd(services, plan, planner);
  const hash = planHash(plan, services.hash);
  await announceSchedule(services, plan);
  const saved = await services.store.putPlan(plan, hash, { at: toInstant(services.clock.now()), by: person }, ifMatch);
  await followPlan(services, saved.value);
  return { ...saved, warnings: warningsAbout(saved.value) };
}

export async function getPlan({ store }: Services, planId: string): Promise<SavedPlan> {
  const found = await store.getPlan(planId);
  if (!found) throw new RecoveryError("plan-not-found", `there is no plan ${planId}`);
  return { ...found, warnings: warningsAbout(found.value) };
}

/** What is odd about a version. Whoever saved it does not approve what it does. */
const warningsAbout = ({ plan, savedBy }: PlanVersion): string[] => [
  ...planWarnings(plan),
  ...approvalWarnings(plan, savedBy === undefined ? [] : [savedBy]),
];

/** A plan of a list. Its warnings are missing when the members of all plans of the page would cost too many reads. */
export interface ListedPlan extends PlanVersion {
  warnings?: string[];
}

export async function listPlans(services: Services, page: PageRequest): Promise<Page<ListedPlan>> {
  const { entries, ...rest } = await services.store.listPlans(page);
  const found = await listedWarnings(services, entries);
  const warningsFor = (version: PlanVersion) => [...warningsAbout(version), ...(found?.get(version.plan.id) ?? [])];
  return { ...rest, entries: found ? entries.map((entry) => ({ ...entry, warnings: warningsFor(entry) })) : entries };
}

/**
 * Removes a plan; `ifMatch` is the ETag of the version seen. Its versions stay readable for the executions that ran them.
 * Refuses while one of them is under way. A plan that is gone is no error, so a removal may be repeated.
 */
export async function removePlan(services: Services, planId: string, ifMatch: string): Promise<void> {
  if ((await services.store.getPlan(planId)) === null) return;
  const running = await unfinishedExecutions(
    services,
    ({ subject }) => subject.kind === "plan" && subject.planId === planId,
  );
  if (running.length > 0) {
    const text = `executions of plan ${planId} have not ended: ${running.slice(0, 5).join(", ")}`;
    throw new RecoveryError("plan-in-use", text, running);
  }
  await services.store.removePlan(planId, ifMatch);
}

/** A version as it was saved, also after the plan was removed. */
export async function getPlanVersion({ store }: Services, planId: string, version: number): Promise<PlanVersion> {
  const found = await store.getPlanVersion(planId, version);
  if (!found) throw new RecoveryError("plan-not-found", `plan ${planId} has no version ${version}`);
  return found;
}

/** The warnings about the plan of an execution, and about approvals that nobody can give; none for a single item. */
export async function warningsOf({ store }: Services, execution: Execution): Promise<string[]> {
  const { subject, requestedBy } = execution;
  if (subject.kind === "item") return [];
  const found = await store.getPlanVersion(subject.planId, subject.planVersion);
  if (found === null) return [];
  const { plan, savedBy } = found;
  const excluded = [requestedBy, ...(savedBy === undefined ? [] : [savedBy])];
  return [...planWarnings(plan), ...approvalWarnings(plan, excluded, execution)];
}
