import { type Approval, type ApprovalContent, approvalIdOf } from "../../src/domain/approvals/approval.js";
import { sha256 } from "../../verification/support/hash.js";
import { pendingApproval } from "../../verification/support/pending-approval.js";

/** The id of an execution with a number. */
export const executionNumber = (number: number): string =>
  `00000000-0000-8000-8000-${String(number).padStart(12, "0")}`;

/** A pending approval for a small plan, with what a test changes about its content. */
export function smallApproval(number = 1, change: Partial<ApprovalContent> = {}): Approval {
  const executionId = executionNumber(number);
  return {
    ...pendingApproval({
      approvalId: approvalIdOf({ executionId, requirementId: "two", round: 1 }, sha256),
      requirementId: "two",
      name: "Two approvers",
      planId: "plan",
      planName: "Plan",
      planHash: "of the plan",
      executionId,
      itemIds: ["item-1"],
      predictedLossSeconds: 30,
      ceiling: { lossSeconds: 60, leftovers: 0 },
      requestedBy: "eve",
      requestedAt: "2026-03-02T09:00:00.000Z",
      expiresAt: "2026-03-03T09:00:00.000Z",
      needed: 2,
      excluded: [{ person: "eve", because: "requester" }],
      ...change,
    }),
    worldId: "small",
  };
}
