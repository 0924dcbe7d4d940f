import { z } from "zod";
import { Verdict } from "../approvals/approval.js";
import { Guid, Id, Instant, Name, Text } from "../text.js";

/** What became of a decision. */
export const ReceiptResult = z.strictObject({
  outcome: z.enum(["recorded", "refused"]),
  code: z.string().max(80).optional().describe("why it was refused, as a code of the catalogue"),
  detail: z.string().max(2_000),
  at: Instant,
});
export type ReceiptResult = z.infer<typeof ReceiptResult>;

/** A message that was received with a valid signature and carries a decision. It is written before its effect. */
export const WebhookReceipt = z.strictObject({
  sourceId: Id,
  messageId: z.string().max(256),
  /** The hash of the body, so that another message under the same id is known as one. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  receivedAt: Instant,
  external: z.string().max(128),
  person: Name.nullable().describe("null when the source does not speak for that id"),
  approvalId: Guid,
  decision: Verdict,
  seenHash: z.string().max(64).optional(),
  reason: Text.optional(),
  /** Missing until the decision took effect or was refused. */
  result: ReceiptResult.optional(),
});
export type WebhookReceipt = z.infer<typeof WebhookReceipt>;

/** An approval lives for at most 30 days. A message is known for longer, so it decides on one approval once. */
export const RECEIPTS_KEPT_DAYS = 31;
