import { messageOf } from "../../domain/errors.js";
import { isTimeAgain } from "../../domain/retry-policies.js";
import { toInstant, toMs } from "../../domain/text.js";
import { RECEIPTS_KEPT_DAYS } from "../../domain/webhooks/receipt.js";
import { SECURITY_RECORDS_KEPT_DAYS } from "../../domain/webhooks/security-record.js";
import type { Context } from "../context.js";
import { allPages } from "../pages.js";
import type { DecideApproval } from "./decide.js";
import { takeEffect } from "./take-effect.js";

/** A younger message may still be in the hands of the request that recorded it. */
const ORPHANED_AFTER_MS = 10_000;
/** At most this many of each kind are forgotten in one sweep. The next one goes on. */
const MAX_PURGED = 100;
const MINUTE_MS = 60_000;
const MAX_INTERVAL_MINUTES = 64;
const DAY_MS = 86_400_000;

/**
 * Completes messages that were recorded and have no result, because the request that recorded them died, and forgets
 * what is old.
 *
 * @returns why a message could not be completed, for the log
 */
export async function sweepWebhooks(context: Context, decide: DecideApproval): Promise<string[]> {
  const errors: string[] = [];
  const now = context.clock.now();
  // All of them, because old ones with a lasting fault would hide the others behind the end of a first page.
  const open = await allPages((page) => context.store.listOpenReceipts(page));
  for (const found of open.entries) {
    if (!isTime(now - toMs(found.receipt.receivedAt))) continue;
    try {
      const source = await context.store.getWebhookSource(found.receipt.sourceId);
      await takeEffect(context, decide, source, found);
    } catch (thrown) {
      errors.push(`message ${found.receipt.messageId} of ${found.receipt.sourceId}: ${messageOf(thrown)}`);
    }
  }
  await context.store.purgeReceipts(toInstant(now - RECEIPTS_KEPT_DAYS * DAY_MS), MAX_PURGED);
  await context.store.purgeSecurityRecords(toInstant(now - SECURITY_RECORDS_KEPT_DAYS * DAY_MS), MAX_PURGED);
  return errors;
}

/** A fault that lasts is tried again after 1, 2, 4 … 64 minutes, and then once in 64. */
function isTime(ageMs: number): boolean {
  return ageMs < MINUTE_MS ? ageMs >= ORPHANED_AFTER_MS : isTimeAgain(ageMs, MAX_INTERVAL_MINUTES);
}
