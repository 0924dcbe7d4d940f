import { z } from "zod";
import { canonicalJson, guidOf, type HashFunction } from "../identity.js";
import { type Guid, Id, Instant, Name, Text } from "../text.js";
import { ApprovalAsk, Approvers } from "./ask.js";

/**
 * How an approval stands. `approved`: decided, and not used yet. `used`: the execution passed the point with it, once.
 * `void`: what was asked for is not what would happen any more, so it is asked for again.
 */
export const ApprovalStatus = z.enum(["pending", "approved", "used", "declined", "expired", "void"]);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

/** Somebody who may not decide, whatever the roles, and why. */
const Excluded = z.strictObject({ person: Name, because: z.enum(["requester", "last-editor"]) });

/** What an approver sees and approves. The hash covers all of it and nothing else. */
export const ApprovalContent = ApprovalAsk.omit({ hash: true, link: true }).extend({
  requirementId: Id,
  /** From 2 on when it is asked for again, because the one before became void. */
  round: z.int().min(1),
  planHash: z.string(),
  savedPlanVersion: z
    .int()
    .nullable()
    .describe("the newest saved version; another than planVersion when the plan was changed after the start"),
  escalation: z.strictObject({ at: Instant, approvers: Approvers }).nullable(),
  excluded: z.array(Excluded).max(10),
});
export type ApprovalContent = z.infer<typeof ApprovalContent>;

export const Verdict = z.enum(["approve", "decline"]);
export type Verdict = z.infer<typeof Verdict>;

/** What one person decided, and how that came in. */
export const ApprovalDecision = z.strictObject({
  person: Name,
  decision: Verdict,
  reason: z.string().max(2_000),
  at: Instant,
  via: z.string().max(100).describe("the credential, or webhook:source"),
  seenHash: z.string().max(64).nullable().describe("the hash of what they saw; null when the sender does not say"),
  onBehalfOf: Name.optional().describe("the approver who delegated this"),
  credentialMadeBy: Name.optional().describe("whoever made the access token, or registered the source, that was used"),
});
export type ApprovalDecision = z.infer<typeof ApprovalDecision>;

/** An approval without its approvers, in an emergency. An auditor reviews it afterwards. */
export const BrokenGlass = z.strictObject({
  person: Name,
  reason: Text,
  at: Instant,
  reviewedBy: Name.optional(),
  reviewedAt: Instant.optional(),
  reviewNote: Text.optional(),
});

/** Somebody gave the approvers more time. */
const Extension = z.strictObject({
  person: Name,
  reason: z.string().max(2_000),
  at: Instant,
  from: Instant.describe("the end that they saw"),
  until: Instant,
});

/** One ask for an approval, with its record. */
export const Approval = z.strictObject({
  worldId: Id,
  content: ApprovalContent,
  hash: ApprovalAsk.shape.hash,
  status: ApprovalStatus,
  decisions: z.array(ApprovalDecision).max(20),
  brokenGlass: BrokenGlass.optional(),
  /** When others were asked as well. */
  escalatedAt: Instant.optional(),
  extensions: z.array(Extension).max(50).optional(),
  /** When its status left `pending`; a later use keeps it. */
  closedAt: Instant.optional(),
  /** Why it is void or expired. */
  closedBecause: z.string().max(2_000).optional(),
  usedAt: Instant.optional(),
  /** True once the execution knows that it is no longer pending. Until then the sweep tells it again. */
  heard: z.boolean(),
});
export type Approval = z.infer<typeof Approval>;

/** When nobody decides any more. */
export const endOf = ({ content, extensions }: Pick<Approval, "content" | "extensions">): z.infer<typeof Instant> =>
  extensions?.at(-1)?.until ?? content.expiresAt;

/** Whether it can still be used, or become so. */
export const isOpen = ({ status }: Pick<Approval, "status">): boolean => status === "pending" || status === "approved";

/** The id of one ask: the same GUID for the same execution, requirement and round, so that asking is safe to repeat. */
export const approvalIdOf = (
  { executionId, requirementId, round }: Pick<ApprovalContent, "executionId" | "requirementId" | "round">,
  hash: HashFunction,
): z.infer<typeof Guid> => guidOf(hash(`secondsite-approval\n${executionId}\n${requirementId}\n${round}`));

/** The hash that binds decisions to a content, whatever the order of its keys. */
export const contentHash = (content: ApprovalContent, hash: HashFunction): string => hash(canonicalJson(content));

/** An approval as its approvers are asked for it. */
export function askOf({ content, hash }: Approval, link: string): ApprovalAsk {
  const { requirementId: _requirement, round: _round, planHash: _hash, savedPlanVersion: _saved, ...rest } = content;
  const { escalation: _escalation, excluded: _excluded, ...ask } = rest;
  return { ...ask, hash, link };
}
