/**
 * The rules by which people decide about an approval. (test/unit/domain/approvals.test.ts, over random sets of actors)
 *
 * - A1 Approved means: as many different people approved as are needed, each with the right to approve on the plan, and
 *   named or in a role that is named, or in the seat of somebody who is.
 * - A2 The requester and the last editors of the plan never count, by whatever role, and nobody counts in their seats.
 *   Neither does anybody by a token that the requester made: whoever makes a token can use it.
 * - A3 Nobody counts twice, also under a name that differs only in its spelling, and no seat counts twice: a delegate counts instead of the delegator and never beside them.
 * - A4 One decline of anybody who may decide ends it, also of somebody whose delegate has approved.
 * - A5 Nothing but `pending` becomes `approved`, and nothing does so after its time, wherever the clock was meanwhile.
 * - A6 Who says that they saw another content than the one that is asked for decides nothing.
 * - A7 The same decision of the same person again changes nothing.
 */
import { hasRightOnPlan } from "../access/caller.js";
import { isSamePerson } from "../access/person.js";
import type { Grant } from "../access/roles.js";
import { type ErrorCode, RecoveryError } from "../errors.js";
import { toInstant } from "../text.js";
import { type Approval, type ApprovalDecision, endOf, isOpen, type Verdict } from "./approval.js";
import type { Approvers } from "./ask.js";
import { type Delegation, holds } from "./delegation.js";

/** Who decides what. */
export interface MadeDecision {
  person: string;
  grants: readonly Grant[];
  /** Those to this person. */
  delegations: readonly Delegation[];
  via: string;
  /** Who made the credential that was used; undefined when nobody here did. */
  credentialMadeBy?: string | undefined;
  decision: Verdict;
  reason: string;
  /** The hash of what they saw, or its first digits; undefined when the sender does not say. */
  seenHash?: string | undefined;
}

/** What a decision comes to: the approval with it, or why it has no effect. `next`: what is recorded nevertheless. */
export type Decided =
  | { kind: "same"; approval: Approval }
  | { kind: "decided"; next: Approval }
  | { kind: "refused"; refusal: RecoveryError; next?: Approval };

/** The first digits of a hash that are enough to say which content somebody saw. */
export const MIN_HASH_DIGITS = 12;

/** An approval as it stands at a moment: one that nobody decided in time has expired, whether or not that was noted. */
export function asOf(approval: Approval, nowMs: number): Approval {
  if (!isOpen(approval)) return approval;
  const expiresAt = endOf(approval);
  if (toInstant(nowMs) < expiresAt) return approval;
  const closedBecause =
    approval.status === "pending"
      ? `nobody else decided until ${expiresAt}`
      : `it was approved, and not used until ${expiresAt}`;
  return { ...approval, status: "expired", closedAt: expiresAt, closedBecause, heard: false };
}

/** Whether those decide as well whom it is escalated to. A clock that is set back takes nothing back. */
export const isEscalated = ({ content: { escalation }, escalatedAt }: Approval, nowMs: number): boolean =>
  escalation !== null && (escalatedAt !== undefined || toInstant(nowMs) >= escalation.at);

/** Who may decide at a moment. */
export const approversAt = (approval: Approval, nowMs: number): Approvers[] => {
  const { approvers, escalation } = approval.content;
  return escalation !== null && isEscalated(approval, nowMs) ? [approvers, escalation.approvers] : [approvers];
};

/** The decision of one person on an approval as it stands. */
export function decide(recorded: Approval, made: MadeDecision, nowMs: number): Decided {
  const approval = asOf(recorded, nowMs);
  const noted = approval === recorded ? {} : { next: approval };
  const refused = (code: ErrorCode, message: string): Decided => ({
    kind: "refused",
    refusal: new RecoveryError(code, message),
    ...noted,
  });
  const earlier = approval.decisions.find(({ person }) => person === made.person);
  if (earlier?.decision === made.decision) return { kind: "same", approval };
  if (earlier !== undefined) return refused("decided-already", `you decided "${earlier.decision}" at ${earlier.at}`);
  const closed = closedProblem(approval);
  if (closed !== null) return refused(...closed);
  if (made.seenHash !== undefined && !isOfHash(made.seenHash, approval.hash)) return refused(...otherContent(approval));
  const seat = seatOf(approval, made, nowMs);
  if (seat.because !== null) return refused("not-an-approver", seat.because);
  const taken = approval.decisions.find(
    (one) => isSamePerson(seatHolder(one), seat.of) || isSamePerson(one.person, made.person),
  );
  if (made.decision === "approve" && taken !== undefined) {
    return refused("decided-already", `${taken.person} decided "${taken.decision}" in the same seat at ${taken.at}`);
  }
  return { kind: "decided", next: withDecision(approval, made, seat.of, nowMs) };
}

/** Why nobody decides any more; null while it is pending. */
export function closedProblem({
  status,
  content,
  closedBecause = "",
  decisions,
}: Approval): [ErrorCode, string] | null {
  const what = `the approval "${content.name}"`;
  switch (status) {
    case "pending":
      return null;
    case "void":
    case "expired":
      return ["approval-void", `${what} is ${status}: ${closedBecause}`];
    case "approved":
    case "used":
      return ["decided-already", `${what} has been approved by ${peopleWho(decisions, "approve")}`];
    case "declined":
      return ["decided-already", `${what} has been declined by ${peopleWho(decisions, "decline")}`];
  }
}

const peopleWho = (decisions: readonly ApprovalDecision[], decision: Verdict): string =>
  decisions.flatMap((one) => (one.decision === decision ? [one.person] : [])).join(", ") || "break-glass";

const isOfHash = (seen: string, hash: string): boolean => seen.length >= MIN_HASH_DIGITS && hash.startsWith(seen);

const otherContent = ({ hash, content }: Approval): [ErrorCode, string] => [
  "approval-void",
  `the approval "${content.name}" is about another content than the one that you saw; read it again: its hash is ${hash}`,
];

const seatHolder = ({ person, onBehalfOf }: ApprovalDecision): string => onBehalfOf ?? person;

/** In whose seat somebody decides, or why in none. Somebody with a seat of their own does not use another. */
function seatOf(
  approval: Approval,
  { person, grants, delegations, via, credentialMadeBy: maker }: MadeDecision,
  nowMs: number,
): { of: string; because: null } | { because: string } {
  const { planId, excluded, name } = approval.content;
  const isExcluded = (who: string) => excluded.find((one) => isSamePerson(one.person, who));
  const out = isExcluded(person);
  if (out !== undefined) {
    const role = out.because === "requester" ? "requested the execution" : "was the last to change the plan";
    return { because: `${person} ${role}, and somebody else has to approve "${name}"` };
  }
  if (via === "token" && maker !== undefined && isExcluded(maker)?.because === "requester") {
    return { because: `${maker} requested the execution and made the token that ${person} used; use another one` };
  }
  const approvers = approversAt(approval, nowMs);
  if (!mayApprove(grants, planId)) return { because: `${person} does not have the right to approve on plan ${planId}` };
  if (approvers.some((some) => isAmong(some, person, grants, planId))) return { of: person, because: null };
  const lenders = delegations.filter(
    (one) =>
      one.to === person &&
      holds(one, planId, toInstant(nowMs)) &&
      isExcluded(one.from) === undefined &&
      mayApprove(one.grants, planId) &&
      approvers.some((some) => isAmong(some, one.from, one.grants, planId)),
  );
  const free = lenders.find(({ from }) => !approval.decisions.some((one) => isSamePerson(seatHolder(one), from)));
  const lender = free ?? lenders[0];
  if (lender !== undefined) return { of: lender.from, because: null };
  return { because: `${person} is not among those who may approve "${name}"` };
}

const mayApprove = (grants: readonly Grant[], planId: string): boolean =>
  hasRightOnPlan({ person: "-", credential: "none", grants: [...grants] }, "approve", planId);

const isAmong = (
  { people = [], roles = [] }: Approvers,
  person: string,
  grants: readonly Grant[],
  planId: string,
): boolean =>
  people.includes(person) ||
  grants.some(({ role, planIds }) => roles.includes(role) && (planIds === undefined || planIds.includes(planId)));

function withDecision(approval: Approval, made: MadeDecision, seat: string, nowMs: number): Approval {
  const at = toInstant(nowMs);
  const decision: ApprovalDecision = {
    person: made.person,
    decision: made.decision,
    reason: made.reason,
    at,
    via: made.via,
    seenHash: made.seenHash ?? null,
    ...(seat !== made.person && { onBehalfOf: seat }),
    ...(made.credentialMadeBy !== undefined && { credentialMadeBy: made.credentialMadeBy }),
  };
  const decisions = [...approval.decisions, decision];
  if (made.decision === "decline") return { ...approval, decisions, status: "declined", closedAt: at };
  const isEnough = decisions.filter((one) => one.decision === "approve").length >= approval.content.needed;
  return { ...approval, decisions, ...(isEnough && { status: "approved" as const, closedAt: at }) };
}
