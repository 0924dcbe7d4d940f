import { createHash } from "node:crypto";
import { type Approval, type ApprovalContent, approvalIdOf, contentHash } from "../../src/domain/approvals/approval.js";

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The id of an execution with a number. */
export const executionNumber = (number: number): string =>
  `00000000-0000-8000-8000-${String(number).padStart(12, "0")}`;

/** A pending approval for a small plan, with what a test changes about its content. */
export function smallApproval(number = 1, change: Partial<ApprovalContent> = {}): Approval {
  const executionId = executionNumber(number);
  const content: ApprovalContent = {
    approvalId: approvalIdOf({ executionId, requirementId: "two", round: 1 }, hash),
    requirementId: "two",
    round: 1,
    name: "Two approvers",
    planId: "plan",
    planName: "Plan",
    planVersion: 1,
    planHash: "of the plan",
    savedPlanVersion: 1,
    executionId,
    verb: "unplanned-failover",
    direction: "primary-to-recovery",
    before: { kind: "start" },
    itemIds: ["item-1"],
    recoveryPoint: { kind: "latest" },
    predictedLossSeconds: 30,
    ceiling: { lossSeconds: 60, leftovers: 0 },
    requestedBy: "eve",
    requestedAt: "2026-03-02T09:00:00.000Z",
    expiresAt: "2026-03-03T09:00:00.000Z",
    needed: 2,
    approvers: { roles: ["approver"] },
    escalation: null,
    excluded: [{ person: "eve", because: "requester" }],
    ...change,
  };
  return {
    worldId: "small",
    content,
    hash: contentHash(content, hash),
    status: "pending",
    decisions: [],
    heard: false,
  };
}
