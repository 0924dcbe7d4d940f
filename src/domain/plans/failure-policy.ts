import { z } from "zod";
import type { Execution, ItemOutcome } from "../execution.js";
import { type Criticality, type ExecutionStatus, type FailureAnswer, type OnFailure, Verb } from "../vocabulary.js";
import { type Action, FailurePolicy, type Plan, type PlanGroup } from "./plan.js";

const CONTINUES: FailurePolicy = { onItemFailure: "continue", onActionFailure: "continue" };
const STOPS: FailurePolicy = { onItemFailure: "stop", onActionFailure: "stop" };

/** A planned failover stops at the first critical failure; every other verb runs to its end (B.5). */
const DEFAULTS: Partial<Record<Verb, FailurePolicy>> = { "planned-failover": STOPS, "planned-failback": STOPS };

/** The policy of the plan for a verb, or the documented default. */
export function failurePolicyOf(plan: Pick<Plan, "failurePolicy">, verb: Verb): FailurePolicy {
  const own: Partial<Record<Verb, FailurePolicy | undefined>> = plan.failurePolicy;
  return own[verb] ?? DEFAULTS[verb] ?? CONTINUES;
}

/** The policy in force for a verb, and whether it comes from the plan. */
export const PolicyInForce = FailurePolicy.extend({ source: z.enum(["plan", "default"]) });
export type PolicyInForce = z.infer<typeof PolicyInForce>;

/** The policy in force for every verb. */
export function failurePoliciesOf(plan: Pick<Plan, "failurePolicy">): Record<Verb, PolicyInForce> {
  const entries = Verb.options.map((verb): [Verb, PolicyInForce] => [
    verb,
    { ...failurePolicyOf(plan, verb), source: Object.hasOwn(plan.failurePolicy, verb) ? "plan" : "default" },
  ]);
  return Object.fromEntries(entries) as Record<Verb, PolicyInForce>;
}

/** The result of one item of a group. */
export interface GroupMember {
  criticality: Criticality;
  outcome: ItemOutcome["outcome"];
  /** The item's own policy for its failure. */
  onFailure?: OnFailure | undefined;
}

type GroupPolicy = Pick<PlanGroup, "minimumHealthy" | "onFailure">;

const NOTHING_TO_DO: ReadonlySet<string> = new Set<ItemOutcome["outcome"]>([
  "already-done",
  "not-applicable",
  "excluded",
]);

/** Whether there was nothing to do for an item. */
export const hadNothingToDo = ({ outcome }: Pick<ItemOutcome, "outcome">): boolean => NOTHING_TO_DO.has(outcome);

const healthy = (member: GroupMember): boolean => member.outcome === "succeeded" || hadNothingToDo(member);

/** Whether enough of a group has started: its minimum if it has one, otherwise every critical item. */
export function groupIsHealthy(group: Pick<PlanGroup, "minimumHealthy">, members: readonly GroupMember[]): boolean {
  if (group.minimumHealthy !== undefined) return members.filter(healthy).length >= group.minimumHealthy;
  return members.every((member) => member.criticality === "optional" || healthy(member));
}

/** From the mildest to the strongest. */
const STRENGTH: readonly OnFailure[] = ["continue", "ask", "stop", "undo"];

export const strongest = (policies: readonly OnFailure[]): OnFailure =>
  STRENGTH.findLast((policy) => policies.includes(policy)) ?? "continue";

/**
 * What the execution does after a group: it continues if the group is healthy. Otherwise it follows the strongest policy
 * of the critical items that failed: the item's own, or the group's, or the plan's.
 */
export function afterGroup(policy: FailurePolicy, group: GroupPolicy, members: readonly GroupMember[]): OnFailure {
  if (groupIsHealthy(group, members)) return "continue";
  const otherwise = group.onFailure ?? policy.onItemFailure;
  const failed = members.filter((member) => member.criticality === "critical" && !healthy(member));
  return failed.length === 0 ? otherwise : strongest(failed.map(({ onFailure }) => onFailure ?? otherwise));
}

/** Whether a person is asked about items that failed before their group started. Nobody is asked about optional items. */
export const asksAbout = (
  policy: FailurePolicy,
  group: Pick<PlanGroup, "onFailure">,
  failed: readonly Pick<GroupMember, "criticality" | "onFailure">[],
): boolean =>
  failed.some(
    ({ criticality, onFailure }) =>
      criticality === "critical" && (onFailure ?? group.onFailure ?? policy.onItemFailure) === "ask",
  );

/** How long a question about a failure waits for its answer, in real time; then the execution stops. */
export const ASK_LIMIT_MS = 24 * 3_600_000;

/** What an answer to `ask` leads to. */
export const afterAnswer = (answer: FailureAnswer): "retry" | OnFailure => (answer === "skip" ? "continue" : answer);

/** What the execution does after a failed action: the action's own policy, or the plan's. */
export const afterAction = (policy: FailurePolicy, action: Pick<Action, "onFailure">): OnFailure =>
  action.onFailure ?? policy.onActionFailure;

/** The results of the parts of an execution. */
export interface Results {
  outcomes: readonly Pick<ItemOutcome, "outcome">[];
  /** Actions that failed, after which the execution continued. */
  failedActions: number;
  cancelled: boolean;
}

type EndStatus = Exclude<ExecutionStatus, "running" | "awaiting-approval" | "awaiting-input" | "paused">;

/**
 * The status of an ended execution: `succeeded` if everything succeeded, `failed` if nothing did, otherwise
 * `succeeded-with-failures`. Items that never started count as not done.
 */
export function endStatus({ outcomes, failedActions, cancelled }: Results): EndStatus {
  if (cancelled) return "cancelled";
  const done = outcomes.filter((item) => item.outcome === "succeeded" || hadNothingToDo(item)).length;
  if (done === 0) return "failed";
  return done === outcomes.length && failedActions === 0 ? "succeeded" : "succeeded-with-failures";
}

/** Whether the status is final. */
export const isEnded = (status: Execution["status"]): status is EndStatus =>
  status === "succeeded" || status === "succeeded-with-failures" || status === "failed" || status === "cancelled";
