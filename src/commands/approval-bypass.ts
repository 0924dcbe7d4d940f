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
  const of = { verb, direction };
  const passed = passedBy(own, guarding, taken, of).map((one) => ({
    ...one,
    others: passedBy(one.plan, guarding, one.itemIds, of),
  }));
  const found = passed.find(({ others }) => others.length === 0) ?? passed[0];
  return found === undefined ? null : refusalOf(found, verb);
}

interface Passed {
  plan: Plan;
  requirement: ApprovalRequirement;
  itemIds: string[];
}

/** A plan that leads on. `others`: what other plans want for the same items, and this one does not. */
interface Candidate extends Passed {
  others: readonly Passed[];
}

/** The approvals of other plans that a start of one plan, or of items alone, would go past. */
const passedBy = (
  own: Plan | null,
  guarding: readonly Plan[],
  taken: readonly string[],
  of: { verb: Verb; direction: ExecutionDirection },
): Passed[] =>
  guarding
    .filter(({ id }) => id !== own?.id)
    .flatMap((plan) =>
      (plan.approvals ?? []).flatMap((requirement) => {
        const isPast = (id: string) => guardsItem(plan, requirement, id, of) && !hasSame(own, requirement, id, of);
        const itemIds = taken.filter(isPast);
        return itemIds.length > 0 ? [{ plan, requirement, itemIds }] : [];
      }),
    );

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

/**
 * What leads on. The guarding plan itself is started for these items, with its approvals and its break-glass, unless yet
 * another plan would refuse that.
 */
function refusalOf({ plan, requirement: { name }, itemIds, others }: Candidate, verb: Verb): Refusal {
  const named = listed(itemIds, MAX_NAMED);
  const body = JSON.stringify({ verb, options: { only: itemIds } });
  const missing = others.map((other) => `"${other.requirement.name}" of plan ${other.plan.id}`);
  const way =
    missing.length === 0
      ? `start them with that plan: POST /api/recovery-plans/${encodeURIComponent(plan.id)}/executions with the body ${body}, and add the options of your own`
      : `no plan that holds them wants all of their approvals: add ${listed([...new Set(missing)], MAX_NAMED)} to plan ${plan.id}, as it is there, and start that plan with the option only`;
  return {
    code: "approval-needed",
    message: `plan ${plan.id} wants the approval "${name}" for ${named}; ${way}`,
    details: itemIds.slice(0, MAX_NAMED).map((itemId) => `plan ${plan.id}, approval "${name}": ${itemId}`),
  };
}
