import type { ApprovalRequirement } from "../domain/approvals/requirement.js";
import { guardsItem, isAsStrict } from "../domain/approvals/requirement-rules.js";
import type { Plan } from "../domain/plans/plan.js";
import type { Refusal, StartDecision } from "../domain/start/check-estate.js";
import type { ExecutionDirection, Verb } from "../domain/vocabulary.js";
import { listed } from "../domain/wording.js";
import type { Services } from "./context.js";

/** Items that a sentence names. */
const MAX_NAMED = 20;

/**
 * Why a start would go past an approval; null when it would not. An approval that one plan wants for an item cannot be
 * avoided by another plan that wants none or less, nor by the item alone.
 * @param own the plan that is started; null when an item is started alone
 */
export async function bypassProblem(
  { store }: Pick<Services, "store">,
  own: Plan | null,
  { worldId, verb }: { worldId: string; verb: Verb },
  { items, direction }: Pick<StartDecision, "items" | "direction">,
): Promise<Refusal | null> {
  const taken = items.flatMap(({ itemId, decision }) => (decision === "take" ? [itemId] : []));
  const guarding = (await store.listGuardingPlans(worldId, taken)).map(({ plan }) => plan);
  for (const plan of guarding.filter(({ id }) => id !== own?.id)) {
    for (const requirement of plan.approvals ?? []) {
      const of = { verb, direction };
      const past = taken.filter((id) => guardsItem(plan, requirement, id, of) && !hasSame(own, requirement, id, of));
      if (past.length > 0) return refusalOf(plan, requirement, past);
    }
  }
  return null;
}

/** Whether the plan that is started wants an approval of its own there that is as strict. */
const hasSame = (
  own: Plan | null,
  wanted: ApprovalRequirement,
  itemId: string,
  of: { verb: Verb; direction: ExecutionDirection },
): boolean =>
  (own?.approvals ?? []).some(
    (requirement) =>
      (requirement.before.kind === "commit") === (wanted.before.kind === "commit") &&
      own !== null &&
      guardsItem(own, requirement, itemId, of) &&
      isAsStrict(requirement, wanted),
  );

function refusalOf(plan: Plan, { name }: ApprovalRequirement, itemIds: readonly string[]): Refusal {
  const named = listed(itemIds, MAX_NAMED);
  return {
    code: "approval-needed",
    message: `plan ${plan.id} wants the approval "${name}" for ${named}; start plan ${plan.id} with the option only`,
    details: itemIds.slice(0, MAX_NAMED).map((itemId) => `plan ${plan.id}, approval "${name}": ${itemId}`),
  };
}
