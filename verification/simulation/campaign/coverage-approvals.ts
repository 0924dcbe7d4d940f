import type { Received } from "../../../src/commands/webhooks/receive.js";
import type { Approval } from "../../../src/domain/approvals/approval.js";
import { ApprovalPoint } from "../../../src/domain/approvals/ask.js";
import type { ClientEntry, Evidence } from "../evidence.js";
import { personAt } from "../generators/webhook-sources.js";

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
  "approved by webhook, and used",
  "declined by webhook",
  "webhook refused: approval-void",
  "webhook refused: decided-already",
  "webhook refused: not-an-approver",
  "webhook refused: stranger",
  "webhook after the end of its approval",
  "the same webhook twice",
  "genuine webhook not taken after a change of its source",
  "forged webhook refused",
  "trespass refused: forbidden",
  "trespass refused: unauthenticated",
  "trespass refused: plan-not-found",
  "trespass refused: approval-not-found",
  "trespass refused: execution-not-found",
  "approved before the token was revoked",
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
  const byWebhook = decisions.filter(({ via }) => via.startsWith("webhook:"));
  if (byWebhook.some(({ decision }) => decision === "decline")) reached("declined by webhook");
  if (usedAt === undefined) return;
  if (byWebhook.length > 0) reached("approved by webhook, and used");
  reached("approval used");
  reached(`approval used before: ${content.before.kind}`);
  if (brokenGlass !== undefined) reached("approval by break-glass");
  if (content.round > 1) reached("approval asked for again and used");
  if (decisions.length > 1) reached("approval by two people");
  if (escalatedAt !== undefined && decisions.some(({ person }) => person === "dan"))
    reached("approval escalated, and decided by somebody asked later");
}

function ofRequest(evidence: Evidence, entry: ClientEntry, reach: (name: string) => void): void {
  const { client } = evidence;
  const { request, code, n, outcome } = entry;
  if (request.kind === "trespass" && code !== null) reach(`trespass refused: ${code}`);
  if (request.kind === "trespass" && outcome === "ok")
    reach("approved before the token was revoked" satisfies ApprovalState);
  if (request.kind === "webhook") ofWebhook(evidence, entry, (name: ApprovalState) => reach(name));
  if (request.kind !== "decide") return;
  if (code !== null) reach(`decision refused: ${code}`);
  const isSame = (other: ClientEntry): boolean =>
    other.n < n && other.outcome === "ok" && JSON.stringify(other.request) === JSON.stringify(request);
  if (outcome === "ok" && client.some(isSame)) reach("the same decision twice" satisfies ApprovalState);
}

function ofWebhook({ client, store }: Evidence, entry: ClientEntry, reach: (name: ApprovalState) => void): void {
  const { request, outcome, code, n, atMs } = entry;
  if (request.kind !== "webhook") return;
  const { said } = request;
  const isRefused = outcome === "refused" && code === "webhook-refused";
  if (isRefused)
    reach(said === null ? "forged webhook refused" : "genuine webhook not taken after a change of its source");
  if (said === null || outcome !== "ok") return;
  if (client.some((other) => other.n < n && other.outcome === "ok" && isSameMessage(other.request, request)))
    reach("the same webhook twice");
  const received = entry.answer as Received;
  if (received.outcome !== "refused") return;
  if (personAt(said.sourceId, said.external) === "stranger") reach("webhook refused: stranger");
  const known = REFUSALS.find((name) => name === `webhook refused: ${received.code}`);
  if (known !== undefined) reach(known);
  const record = store.rows.find(({ table, row }) => table === "Approvals" && row === `record.${said.approvalId}`);
  const expiresAt = record && (JSON.parse(record.json) as Approval).content.expiresAt;
  if (expiresAt !== undefined && Date.parse(expiresAt) < atMs) reach("webhook after the end of its approval");
}

const REFUSALS = [
  "webhook refused: approval-void",
  "webhook refused: decided-already",
  "webhook refused: not-an-approver",
] as const;

const isSameMessage = (one: ClientEntry["request"], other: ClientEntry["request"]): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
