import type { Execution, ItemOutcome } from "./execution.js";
import type { Action, FailurePolicy, Plan, PlanGroup } from "./plan.js";
import type { Criticality, ExecutionStatus, OnFailure, Verb } from "./vocabulary.js";

/** Planned stops at the first failure of something critical; unplanned and test run to their end. */
const DEFAULTS: Record<"test-failover" | "planned-failover" | "unplanned-failover", FailurePolicy> = {
  "test-failover": { onItemFailure: "continue", onActionFailure: "continue" },
  "planned-failover": { onItemFailure: "stop", onActionFailure: "stop" },
  "unplanned-failover": { onItemFailure: "continue", onActionFailure: "continue" },
};
const OTHER_VERBS: FailurePolicy = { onItemFailure: "continue", onActionFailure: "continue" };

/** The verbs that a plan may have a policy and objectives of its own for. */
export type FailoverVerb = keyof typeof DEFAULTS;
export const isFailoverVerb = (verb: Verb): verb is FailoverVerb => Object.hasOwn(DEFAULTS, verb);

/** What the plan says for a verb, or else the documented default. */
export function failurePolicyOf(plan: Pick<Plan, "failurePolicy">, verb: Verb): FailurePolicy {
  return isFailoverVerb(verb) ? (plan.failurePolicy[verb] ?? DEFAULTS[verb]) : OTHER_VERBS;
}

/** How one item of a group ended. */
export interface GroupMember {
  criticality: Criticality;
  outcome: ItemOutcome["outcome"];
}

const healthy = ({ outcome }: GroupMember): boolean => outcome === "succeeded" || outcome === "already-done";

/** Whether a group has started well enough: its minimum when it has one, otherwise every critical item. */
export function groupIsHealthy(group: Pick<PlanGroup, "minimumHealthy">, members: readonly GroupMember[]): boolean {
  if (group.minimumHealthy !== undefined) return members.filter(healthy).length >= group.minimumHealthy;
  return members.every((member) => member.criticality === "optional" || healthy(member));
}

/** Whether the execution goes on to the next group. */
export function afterGroup(
  policy: FailurePolicy,
  group: Pick<PlanGroup, "minimumHealthy">,
  members: readonly GroupMember[],
): OnFailure {
  return groupIsHealthy(group, members) ? "continue" : policy.onItemFailure;
}

/** Whether the execution goes on after an action failed: the action's own word, or else the policy's. */
export const afterAction = (policy: FailurePolicy, action: Pick<Action, "onFailure">): OnFailure =>
  action.onFailure ?? policy.onActionFailure;

/** What an execution's parts came to. */
export interface Results {
  outcomes: readonly Pick<ItemOutcome, "outcome">[];
  /** Actions that failed and were passed over. */
  failedActions: number;
  cancelled: boolean;
}

type EndStatus = Exclude<ExecutionStatus, "running" | "awaiting-approval" | "awaiting-input" | "paused">;

/**
 * The truthful status of an ended execution: succeeded only when everything did, failed when nothing did,
 * and in between succeeded-with-failures; a stop counts the items never begun as not done.
 */
export function endStatus({ outcomes, failedActions, cancelled }: Results): EndStatus {
  if (cancelled) return "cancelled";
  const done = outcomes.filter(({ outcome }) => outcome === "succeeded" || outcome === "already-done").length;
  if (done === 0) return "failed";
  return done === outcomes.length && failedActions === 0 ? "succeeded" : "succeeded-with-failures";
}

/** True when an execution of this status will not change any more. */
export const isEnded = (status: Execution["status"]): status is EndStatus =>
  status === "succeeded" || status === "succeeded-with-failures" || status === "failed" || status === "cancelled";
