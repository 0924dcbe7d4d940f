import type { Approval } from "../../../src/domain/approvals/approval.js";
import { ApprovalPoint } from "../../../src/domain/approvals/ask.js";
import type { ClientEntry, Evidence } from "../evidence.js";

/** Coverage goals about approvals and those who decide about them. */
export const APPROVAL_STATES = [
  "approval used",
  "approval declined",
  "approval expired",
  "approval void",
  "approval asked for again and used",
  "approval by two people",
  "approval escalated, and decided by somebody asked later",
  "approval by break-glass",
  "break-glass reviewed",
  "decision refused: approval-not-found",
  "decision refused: not-an-approver",
  "decision refused: decided-already",
  "decision refused: approval-void",
  "the same decision twice",
  ...ApprovalPoint.options.map(({ shape }) => `approval used before: ${shape.kind.value}` as const),
] as const;
type ApprovalState = (typeof APPROVAL_STATES)[number];

export function reachedByApprovals(evidence: Evidence, reach: (name: string) => void): void {
  const reached = (name: ApprovalState): void => reach(name);
  for (const { table, row, json } of evidence.store.rows) {
    if (table === "Approvals" && row.startsWith("record.")) ofApproval(JSON.parse(json) as Approval, reached);
  }
  for (const entry of evidence.client) ofRequest(evidence, entry, reach);
}

function ofApproval(
  { status, content, decisions, brokenGlass, escalatedAt, usedAt }: Approval,
  reached: (name: ApprovalState) => void,
): void {
  if (status === "declined" || status === "expired" || status === "void") reached(`approval ${status}`);
  if (brokenGlass?.reviewedAt !== undefined) reached("break-glass reviewed");
  if (usedAt === undefined) return;
  reached("approval used");
  reached(`approval used before: ${content.before.kind}`);
  if (brokenGlass !== undefined) reached("approval by break-glass");
  if (content.round > 1) reached("approval asked for again and used");
  if (decisions.length > 1) reached("approval by two people");
  if (escalatedAt !== undefined && decisions.some(({ person }) => person === "dan"))
    reached("approval escalated, and decided by somebody asked later");
}

function ofRequest({ client }: Evidence, { request, code, n, outcome }: ClientEntry, reach: (name: string) => void) {
  if (request.kind !== "decide") return;
  if (code !== null) reach(`decision refused: ${code}`);
  const isSame = (other: ClientEntry): boolean =>
    other.n < n && other.outcome === "ok" && JSON.stringify(other.request) === JSON.stringify(request);
  if (outcome === "ok" && client.some(isSame)) reach("the same decision twice" satisfies ApprovalState);
}
