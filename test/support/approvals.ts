import { decideApproval } from "../../src/commands/approvals.js";
import type { ApprovalAwaited } from "../../src/commands/awaited-calls.js";
import type { Role } from "../../src/domain/access/roles.js";
import type { Approval, Verdict } from "../../src/domain/approvals/approval.js";
import { ApprovalRequirement } from "../../src/domain/approvals/requirement.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { PlanInput } from "../../src/domain/plans/plan.js";
import type { VirtualApp } from "./virtual-app.js";

type RequirementInput = NonNullable<PlanInput["approvals"]>[number];

/** Two approvers before a failover begins. */
export const TWO_BEFORE_START: RequirementInput = {
  id: "two",
  name: "Two approvers",
  before: { kind: "start" },
  needed: 2,
  approvers: { roles: ["approver"] },
};

/** A plan that wants approvals. */
export const withApprovals =
  (...approvals: RequirementInput[]) =>
  (plan: PlanInput): PlanInput => ({
    ...plan,
    approvals: approvals.map((one) => ApprovalRequirement.parse(one)),
  });

/** Runs until the execution awaits an approval, in a round after `afterRound`. */
export async function approvalAwaited(app: VirtualApp, executionId: string, afterRound = 0): Promise<ApprovalAwaited> {
  const awaited = (awaits: readonly { kind: string }[]): ApprovalAwaited | undefined =>
    awaits.flatMap((one) => (isApproval(one) && one.round > afterRound && one.hash !== null ? [one] : []))[0];
  const view = await app.until(executionId, ({ awaits, status }) => isEnded(status) || awaited(awaits) !== undefined);
  const found = awaited(view.awaits);
  if (found === undefined) throw new Error(`it ended: ${JSON.stringify(view.execution)}`);
  return found;
}

const isApproval = (one: { kind: string }): one is ApprovalAwaited => one.kind === "approval";

interface Options {
  decision?: Verdict;
  role?: Role;
  reason?: string;
  seenHash?: string;
}

/** Decides as a person with a role; by default an approver who approves. */
export const decideAs = (
  { context }: VirtualApp,
  person: string,
  approvalId: string,
  { decision = "approve", role = "approver", reason = "looked at it", seenHash }: Options = {},
): Promise<Approval> =>
  decideApproval(context, approvalId, {
    person,
    grants: [{ role }],
    via: "token",
    decision,
    reason,
    seenHash,
  });
