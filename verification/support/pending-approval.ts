import { type Approval, type ApprovalContent, contentHash } from "../../src/domain/approvals/approval.js";
import { sha256 } from "./hash.js";

/** An approval of a start that one of the approvers has to give within a day. */
export function pendingApproval(change: Partial<ApprovalContent> = {}): Approval {
  const content: ApprovalContent = {
    approvalId: "0b6c7f1e-9a43-8d0c-b1f2-3a4b5c6d7e8f",
    requirementId: "head",
    round: 1,
    name: "Head of operations",
    planId: "crm",
    planName: "CRM",
    planVersion: 1,
    planHash: "a".repeat(64),
    savedPlanVersion: 1,
    executionId: "11111111-1111-8111-8111-111111111111",
    verb: "unplanned-failover",
    direction: "primary-to-recovery",
    before: { kind: "start" },
    itemIds: ["m1"],
    recoveryPoint: { kind: "latest" },
    predictedLossSeconds: 60,
    ceiling: { lossSeconds: 300, leftovers: 0 },
    requestedBy: "operator",
    requestedAt: "2026-01-15T12:00:00.000Z",
    expiresAt: "2026-01-16T12:00:00.000Z",
    needed: 1,
    approvers: { roles: ["approver"] },
    escalation: null,
    excluded: [],
    ...change,
  };
  const hash = contentHash(content, sha256);
  return { worldId: "w", content, hash, status: "pending", decisions: [], heard: false };
}
