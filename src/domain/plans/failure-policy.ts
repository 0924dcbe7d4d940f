import { z } from "zod";
import type { Execution, ItemOutcome } from "../execution.js";
import { type Criticality, type ExecutionStatus, type FailureAnswer, type OnFailure, Verb } from "../vocabulary.js";
import { type Action, FailurePolicy, type Plan, type PlanGroup } from "./plan.js";

const GOES_ON: FailurePolicy = { onItemFailure: "continue", onActionFailure: "continue" };
const STOPS: FailurePolicy = { onItemFailure: "stop", onActionFailure: "stop" };

/** Planned stops at the first failure of something critical; every other verb runs to its end (B.5). */
const DEFAULTS: Partial<Record<Verb, FailurePolicy>> = { "planned-failover": STOPS, "planned-failback": STOPS };

/** What the plan says for a verb, or else the documented default. */
export function failurePolicyOf(plan: Pick<Plan, "failurePolicy">, verb: Verb): FailurePolicy {
  const own: Partial<Record<Verb, FailurePolicy | undefined>> = plan.failurePolicy;
  return own[verb] ?? DEFAULTS[verb] ?? GOES_ON;
}

/** The policy that is in force for a verb, and whether the plan says so itself. */
export const PolicyInForce = FailurePolicy.extend({ saidBy: z.enum(["plan", "default"]) });
export type PolicyInForce = z.infer<typeof PolicyInForce>;

/** The policy in force for every verb. */
export function failurePoliciesOf(plan: Pick<Plan, "failurePolicy">): Record<Verb, PolicyInForce> {
  const entries = Verb.options.map((verb): [Verb, PolicyInForce] => [
    verb,
    { ...failurePolicyOf(plan, verb), saidBy: Object.hasOwn(plan.failurePolicy, verb) ? "plan" : "default" },
  ]);
  return Object.fromEntries(entries) as Record<Verb, PolicyInForce>;
}

/** How one item of a group ended. */
export interface GroupMember {
  criticality: Criticality;
  outcome: ItemOutcome["outcome"];
  /** The item's own word on its failure. */
  onFailure?: OnFailure | undefined;
}

type GroupPolicy = Pick<PlanGroup, "minimumHealthy" | "onFailure">;

const LEFT_ALONE: ReadonlySet<string> = new Set<ItemOutcome["outcome"]>(["already-done", "not-applicable"]);

/** Whether an execution left an item alone, since there was nothing to do for it. */
export const wasLeftAlone = ({ outcome }: Pick<ItemOutcome, "outcome">): boolean => LEFT_ALONE.has(outcome);

const healthy = (member: GroupMember): boolean => member.outcome === "succeeded" || wasLeftAlone(member);

/** Whether a group has started well enough: its minimum when it has one, otherwise every critical item. */
export function groupIsHealthy(group: Pick<PlanGroup, "minimumHealthy">, members: readonly GroupMember[]): boolean {
  if (group.minimumHealthy !== undefined) return members.filter(healthy).length >= group.minimumHealthy;
  return members.every((member) => member.criticality === "optional" || healthy(member));
}

/** From the mildest to the strongest: of several words the strongest is followed. */
const STRENGTH: readonly OnFailure[] = ["continue", "ask", "stop", "undo"];

export const strongest = (words: readonly OnFailure[]): OnFailure =>
  STRENGTH.findLast((word) => words.includes(word)) ?? "continue";

/**
 * What the execution does after a group: it goes on when the group is healthy; otherwise it follows the strongest
 * word of the critical items that failed, each its own, else the group's, else the policy's.
 */
export function afterGroup(policy: FailurePolicy, group: GroupPolicy, members: readonly GroupMember[]): OnFailure {
  if (groupIsHealthy(group, members)) return "continue";
  const otherwise = group.onFailure ?? policy.onItemFailure;
  const failed = members.filter((member) => member.criticality === "critical" && !healthy(member));
  return failed.length === 0 ? otherwise : strongest(failed.map(({ onFailure }) => onFailure ?? otherwise));
}

/** Whether a person is asked about items of a group that failed before any was brought up; optional ones ask nobody. */
export const asksAbout = (
  policy: FailurePolicy,
  group: Pick<PlanGroup, "onFailure">,
  failed: readonly Pick<GroupMember, "criticality" | "onFailure">[],
): boolean =>
  failed.some(
    ({ criticality, onFailure }) =>
      criticality === "critical" && (onFailure ?? group.onFailure ?? policy.onItemFailure) === "ask",
  );

/** What comes of an answer to `ask`: `retry` goes through what failed once more. */
export const afterAnswer = (answer: FailureAnswer): "retry" | OnFailure => (answer === "skip" ? "continue" : answer);

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
  const done = outcomes.filter((item) => item.outcome === "succeeded" || wasLeftAlone(item)).length;
  if (done === 0) return "failed";
  return done === outcomes.length && failedActions === 0 ? "succeeded" : "succeeded-with-failures";
}

/** True when an execution of this status will not change any more. */
export const isEnded = (status: Execution["status"]): status is EndStatus =>
  status === "succeeded" || status === "succeeded-with-failures" || status === "failed" || status === "cancelled";
