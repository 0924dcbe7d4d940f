import { RecoveryError } from "../domain/errors.js";
import { type PlanProtectionGroup, protectionGroupsOf } from "../domain/items/protection-group.js";
import { failurePoliciesOf, type PolicyInForce } from "../domain/plans/failure-policy.js";
import { type PlanChange, planDiff } from "../domain/plans/plan-diff.js";
import type { Verb } from "../domain/vocabulary.js";
import type { Services } from "./context.js";
import { nextDueOf } from "./drills/schedules.js";
import { lookAtMembers } from "./plan-members.js";
import { getPlan, type SavedPlan } from "./plans.js";

/** A saved plan with what follows from it: the policy in force for each verb, and where its items are protected. */
export interface PlanView extends SavedPlan {
  failurePolicies: Record<Verb, PolicyInForce>;
  /** Each failback group is listed next to the group that it was made with (V1); items move between them. */
  protectionGroups: PlanProtectionGroup[];
  /** When the next drill is due by the schedule; null without one. */
  nextDue: string | null;
}

/** The view of a saved plan, with warnings about members that are gone, or that could not be recovered as they are. */
export async function viewOf(services: Services, saved: SavedPlan): Promise<PlanView> {
  const { plan } = saved.value;
  const { items, warnings } = await lookAtMembers(services, plan);
  return {
    ...saved,
    warnings: [...saved.warnings, ...warnings],
    failurePolicies: failurePoliciesOf(plan),
    protectionGroups: protectionGroupsOf(items),
    nextDue: nextDueOf(services, plan),
  };
}

/** What differs between two versions of a plan; refuses `plan-not-found` naming the version that is not there. */
export async function diffOfPlan(
  services: Services,
  planId: string,
  { from, to }: { from: number; to?: number | undefined },
): Promise<{ planId: string; from: number; to: number; changes: PlanChange[] }> {
  const current = (await getPlan(services, planId)).value;
  const version = async (wanted: number) => {
    if (wanted === current.version) return current;
    const found = await services.store.getPlanVersion(planId, wanted);
    if (found) return found;
    throw new RecoveryError(
      "plan-not-found",
      `plan ${planId} has no version ${wanted}; its newest is ${current.version}`,
    );
  };
  const [before, after] = await Promise.all([version(from), version(to ?? current.version)]);
  return { planId, from, to: after.version, changes: planDiff(before.plan, after.plan) };
}
