/**
 * A signed request of a sender, from its raw bytes to its answer.
 *
 * - R1 Nothing is read before the signature is verified, and nothing but the count of refusals is written.
 * - R2 An unknown source, a wrong signature and a wrong time get the same answer after the same work.
 * - R3 A message with a decision is recorded under its source and id before it has an effect. A copy of it gets the
 *   answer of the first one.
 * - R4 After a valid signature every message is answered with success, also one that is refused: some senders switch a
 *   webhook off after a few failures. Only a fault of ours makes them send it again.
 *
 * All are shown by test/unit/webhooks/receive.test.ts.
 */
import { createHash } from "node:crypto";
import { RecoveryError } from "../../domain/errors.js";
import { Id, toInstant } from "../../domain/text.js";
import { type ReadDecision, readMessage } from "../../domain/webhooks/read-message.js";
import type { WebhookReceipt } from "../../domain/webhooks/receipt.js";
import type { Scheme } from "../../domain/webhooks/scheme.js";
import { SCHEMES, schemeOf } from "../../domain/webhooks/schemes.js";
import type { WebhookRefusal } from "../../domain/webhooks/security-record.js";
import type { WebhookSource } from "../../domain/webhooks/source.js";
import { keysOf } from "../../webhooks/keys.js";
import { type SignedRequest, verify } from "../../webhooks/verify.js";
import type { Context } from "../context.js";
import type { DecideApproval } from "./decide.js";
import { takeEffect } from "./take-effect.js";

/** What became of a message. */
export interface Received {
  outcome: "recorded" | "refused" | "ignored";
  code?: string | undefined;
  detail: string;
  approvalId?: string;
  /** How the sender wants to be answered. */
  answer: Scheme["answer"];
}

/** Refuses `webhook-refused`. */
export async function receiveWebhook(
  context: Context,
  decide: DecideApproval,
  sourceId: string,
  request: SignedRequest,
): Promise<Received> {
  const source = Id.safeParse(sourceId).success ? await context.store.getWebhookSource(sourceId) : null;
  const scheme = source === null ? SCHEMES.standard : schemeOf(source.scheme);
  const keys = source === null ? [] : keysOf(scheme, source.secrets, context.secrets);
  const verdict = verify(scheme, keys, request, context.clock.now());
  if (source === null || !verdict.ok) {
    const reason = source === null || verdict.ok ? "unknown-source" : verdict.reason;
    await countRefusal(context, source, reason);
    throw new RecoveryError("webhook-refused", "the request is not signed by a registered source");
  }
  const read = readMessage(scheme, request.body, verdict.id, source.expect);
  const { answer } = scheme;
  if (read.kind === "no-decision") return { outcome: "ignored", detail: read.why, answer };
  const { messageId, content } = read;
  return { ...(await record(context, decide, source, messageId, content, request.body)), answer };
}

/** The request is refused whether or not it could be counted. */
async function countRefusal(
  { store, clock }: Context,
  source: WebhookSource | null,
  reason: WebhookRefusal,
): Promise<void> {
  const refusal = { sourceId: source?.id ?? null, reason, at: toInstant(clock.now()) };
  await store.recordRefusal(refusal).catch(() => undefined);
}

async function record(
  context: Context,
  decide: DecideApproval,
  source: WebhookSource,
  messageId: string,
  content: ReadDecision,
  body: Uint8Array,
): Promise<Omit<Received, "answer">> {
  const received: WebhookReceipt = {
    sourceId: source.id,
    messageId,
    digest: createHash("sha256").update(body).digest("hex"),
    receivedAt: toInstant(context.clock.now()),
    person: source.people.find(({ external }) => external === content.external)?.person ?? null,
    ...content,
  };
  const key = context.hash(`${source.id}\n${messageId}`);
  const { receipt } = await context.store.insertReceipt(key, received);
  const { approvalId } = receipt;
  if (receipt.digest !== received.digest) {
    const detail = `the id ${messageId} was received before, with another content`;
    return { outcome: "refused", code: "message-id-reused", detail, approvalId };
  }
  const { outcome, code, detail } = await takeEffect(context, decide, source, { key, receipt });
  return { outcome, code, detail, approvalId };
}
