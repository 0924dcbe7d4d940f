import type { Plan } from "../plans/plan.js";
import { planActions } from "../plans/plan-rules.js";
import { Direction, type ExecutionDirection, MOVES, Verb } from "../vocabulary.js";
import type { ApprovalPoint, Approvers } from "./ask.js";
import type { ApprovalRequirement } from "./requirement.js";

/** Verbs that start workloads at another site for real. A rehearsal is guarded only by its name. */
const MOVES_FOR_REAL: readonly Verb[] = [...MOVES.filter((verb) => verb !== "test-failover"), "promote-test"];

/** Another point after the failover would pass the ceiling of loss that was approved for it. */
const STARTS_FOR_REAL: readonly Verb[] = [...MOVES_FOR_REAL, "change-recovery-point"];

/** The verbs that pass a point. */
const PASSED_BY: Readonly<Record<ApprovalPoint["kind"], readonly Verb[]>> = {
  start: Verb.options,
  commit: ["commit", "full-run"],
  group: [...MOVES, "promote-test"],
  action: Verb.options,
};

const BY_DEFAULT: Readonly<Record<ApprovalPoint["kind"], readonly Verb[]>> = {
  ...PASSED_BY,
  start: STARTS_FOR_REAL,
  group: MOVES_FOR_REAL,
};

/** The verbs that a requirement guards. */
const guardedVerbs = ({ before, verbs }: Pick<ApprovalRequirement, "before" | "verbs">): readonly Verb[] =>
  verbs ?? BY_DEFAULT[before.kind];

/** Whether an execution has to meet a requirement. One whose items move in both directions has to meet those of both. */
export const appliesTo = (
  requirement: Pick<ApprovalRequirement, "before" | "verbs" | "directions">,
  { verb, direction }: { verb: Verb; direction: ExecutionDirection },
): boolean =>
  guardedVerbs(requirement).includes(verb) &&
  (direction === "mixed" || (requirement.directions ?? Direction.options).includes(direction));

/**
 * Whether a requirement stands before what a verb does to one item. Its actions do not count: an item that is started
 * alone runs none.
 */
export function guardsItem(
  plan: Pick<Plan, "groups">,
  requirement: ApprovalRequirement,
  itemId: string,
  of: { verb: Verb; direction: ExecutionDirection },
): boolean {
  const { before } = requirement;
  if (before.kind === "action" || !appliesTo(requirement, of)) return false;
  const groups = before.kind === "group" ? plan.groups.filter(({ id }) => id === before.groupId) : plan.groups;
  return groups.some(({ items }) => items.some(({ id }) => id === itemId));
}

/** Whether a requirement needs as many people as another one, all of whom could decide about the other one as well. */
export function isAsStrict(own: Strictness, other: Strictness): boolean {
  const [mine, theirs] = [everybodyOf(own), everybodyOf(other)];
  const isByRole = theirs.roles.includes("approver");
  return (
    own.needed >= other.needed &&
    mine.roles.every((role) => theirs.roles.includes(role)) &&
    mine.people.every((person) => isByRole || theirs.people.includes(person))
  );
}

type Strictness = Pick<ApprovalRequirement, "needed" | "approvers" | "escalation">;

function everybodyOf({ approvers, escalation }: Omit<Strictness, "needed">) {
  const all: Approvers[] = [approvers, ...(escalation === undefined ? [] : [escalation.approvers])];
  return { people: all.flatMap(({ people = [] }) => people), roles: all.flatMap(({ roles = [] }) => roles) };
}

/** The rules that the approvals of a plan break, as sentences. */
export function approvalProblems(plan: Plan): string[] {
  const { approvals = [] } = plan;
  const ids = approvals.map(({ id }) => id);
  const twice = [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))];
  return [
    ...twice.map((id) => `two approvals have the id ${id}`),
    ...approvals.flatMap((requirement) => [
      ...pointProblems(plan, requirement),
      ...approverProblems(requirement),
      ...timeProblems(requirement),
    ]),
  ];
}

function pointProblems(plan: Plan, { id, before, verbs = [], onDecline }: ApprovalRequirement): string[] {
  const never = verbs.filter((verb) => !PASSED_BY[before.kind].includes(verb));
  const what = before.kind === "group" ? "a group" : `a ${before.kind}`;
  return [
    ...(before.kind === "group" && !plan.groups.some((group) => group.id === before.groupId)
      ? [`approval ${id} is before group ${before.groupId}, which the plan does not have`]
      : []),
    ...(before.kind === "action" && !planActions(plan).some(({ action }) => action.id === before.actionId)
      ? [`approval ${id} is before action ${before.actionId}, which the plan does not have`]
      : []),
    ...(onDecline === "skip" && before.kind !== "group" && before.kind !== "action"
      ? [`approval ${id} cannot be skipped: without ${what} nothing is left to do`]
      : []),
    ...never.map((verb) => `approval ${id} is before ${what}, which ${verb} never comes to`),
  ];
}

/** The people who could ever approve, when all are named; null when roles decide, because nobody knows who has them. */
function namedApprovers({
  approvers,
  escalation,
}: Pick<ApprovalRequirement, "approvers" | "escalation">): string[] | null {
  const { people, roles } = everybodyOf({ approvers, escalation });
  return roles.length > 0 ? null : [...new Set(people)];
}

/**
 * Approvals that nobody can give but by break-glass: of the people who are named, too few remain without those who may
 * not decide.
 * @param of the execution that needs them; without it, any
 */
export function approvalWarnings(
  { approvals = [] }: Pick<Plan, "approvals">,
  excluded: readonly string[],
  of?: { verb: Verb; direction: ExecutionDirection },
): string[] {
  return approvals.flatMap((requirement) => {
    if (of !== undefined && !appliesTo(requirement, of)) return [];
    const left = namedApprovers(requirement)?.filter((person) => !excluded.includes(person));
    if (left === undefined || left.length >= requirement.needed) return [];
    const out = [...new Set(excluded)].join(" and ");
    const who = left.length === 0 ? "nobody" : `only ${left.join(", ")}`;
    return [
      `approval ${requirement.id} needs ${requirement.needed} people, and ${who} can decide: ${out} cannot approve what they requested or changed`,
    ];
  });
}

function approverProblems(requirement: ApprovalRequirement): string[] {
  const { id, needed, approvers, escalation } = requirement;
  const isEmpty = ({ people = [], roles = [] }: Approvers) => people.length + roles.length === 0;
  if (isEmpty(approvers)) return [`approval ${id} names nobody who may approve`];
  if (escalation !== undefined && isEmpty(escalation.approvers))
    return [`the escalation of approval ${id} names nobody`];
  const named = namedApprovers(requirement);
  if (named === null || named.length >= needed) return [];
  return [`approval ${id} needs ${needed} people and names ${named.length}`];
}

const timeProblems = ({ id, escalation, expiresAfterMinutes }: ApprovalRequirement): string[] =>
  escalation !== undefined && escalation.afterMinutes >= expiresAfterMinutes
    ? [`approval ${id} expires after ${expiresAfterMinutes} minutes, before its escalation`]
    : [];
