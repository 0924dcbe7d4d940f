import { type Caller, hasRight, hasRightOnPlan } from "../domain/access/caller.js";
import { RecoveryError } from "../domain/errors.js";
import type { Plan } from "../domain/plans/plan.js";
import { listed } from "../domain/wording.js";
import type { Services } from "./context.js";

/** Items that a refusal names. */
const MAX_NAMED = 20;

/**
 * Refuses a planner whose role is limited to plans to add an item that another plan guards with approvals, unless they
 * plan that one as well. The refusal names no plan that they may not know of. What the plan holds already may stay.
 */
export async function requireMayAdd({ store }: Pick<Services, "store">, plan: Plan, caller: Caller): Promise<void> {
  if (hasRight(caller, "plan")) return;
  const before = (await store.getPlan(plan.id))?.value.plan;
  const kept = new Set(before?.worldId === plan.worldId ? itemIdsOf(before) : []);
  const added = itemIdsOf(plan).filter((id) => !kept.has(id));
  const guarding = added.length === 0 ? [] : await store.listGuardingPlans(plan.worldId, added);
  const foreign = guarding.filter(({ plan: { id } }) => id !== plan.id && !hasRightOnPlan(caller, "plan", id));
  const guarded = new Set(foreign.flatMap((version) => guardedIn(version.plan)));
  const refused = added.filter((id) => guarded.has(id));
  if (refused.length === 0) return;
  throw new RecoveryError(
    "forbidden",
    `adding ${listed(refused, MAX_NAMED)} to plan ${plan.id} needs the right plan without limits, because they are guarded elsewhere; ask a planner who has it, or leave them out`,
    refused.slice(0, MAX_NAMED),
  );
}

const itemIdsOf = ({ groups }: Plan): string[] => groups.flatMap(({ items }) => items.map(({ id }) => id));

/** The items before which an approval of their plan stands. One before an action stands before no item. */
const guardedIn = ({ groups, approvals = [] }: Plan): string[] =>
  groups
    .filter(({ id }) =>
      approvals.some(({ before }) => before.kind !== "action" && (before.kind !== "group" || before.groupId === id)),
    )
    .flatMap(({ items }) => items.map(({ id }) => id));
