/**
 * The effect of a recorded message: the decision that it carries.
 *
 * - E1 It has its effect after it was recorded, and what became of it is recorded after the effect. A death in between
 *   leaves a message without a result, and whoever comes first completes it: the sender's repetition or the sweep.
 * - E2 It never has its effect twice, because the same decision of the same person is no second decision.
 * - E3 It speaks for the people with whom its source is registered at that moment, and for nobody else.
 * - E4 A refusal is a result. A fault is none: the message stays without one, and is tried again.
 *
 * They are shown by receive.test.ts and sweep.test.ts of test/unit/webhooks.
 */
import { ERRORS, RecoveryError } from "../../domain/errors.js";
import { toInstant } from "../../domain/text.js";
import type { ReceiptResult, WebhookReceipt } from "../../domain/webhooks/receipt.js";
import { grantsOf, type WebhookSource } from "../../domain/webhooks/source.js";
import type { Context } from "../context.js";
import type { DecideApproval } from "./decide.js";

/** @param source as it is registered now; null when it was removed */
export async function takeEffect(
  context: Context,
  decide: DecideApproval,
  source: WebhookSource | null,
  { key, receipt }: { key: string; receipt: WebhookReceipt },
): Promise<ReceiptResult> {
  if (receipt.result !== undefined) return receipt.result;
  const result = await resultOf(context, decide, source, receipt);
  return context.store.completeReceipt(key, { ...result, at: toInstant(context.clock.now()) });
}

async function resultOf(
  context: Context,
  decide: DecideApproval,
  source: WebhookSource | null,
  { sourceId, external, approvalId, decision, reason, seenHash }: WebhookReceipt,
): Promise<Omit<ReceiptResult, "at">> {
  const known = source?.people.find((one) => one.external === external);
  if (known === undefined) {
    const detail = `source ${sourceId} does not speak for the person with the id ${external}`;
    return { outcome: "refused", code: "not-an-approver", detail };
  }
  const { person } = known;
  try {
    await decide(context, approvalId, {
      person,
      grants: grantsOf(known),
      via: `webhook:${sourceId}`,
      credentialMadeBy: source?.savedBy,
      decision,
      reason: reason ?? `no reason came with the webhook of ${sourceId}`,
      seenHash,
    });
    const done = decision === "approve" ? "approved" : "declined";
    return { outcome: "recorded", detail: `${person} ${done} ${approvalId}` };
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    const { code, message } = thrown;
    return {
      outcome: "refused",
      code,
      detail: message
        .slice(code.length + 2)
        .trim()
        .slice(0, 1_000),
    };
  }
}

/** A refusal is about the decision. Anything else may pass, or be repaired. */
const isRefusal = (thrown: unknown): thrown is RecoveryError =>
  thrown instanceof RecoveryError && ERRORS[thrown.code].httpStatus < 500 && !ERRORS[thrown.code].retryable;
