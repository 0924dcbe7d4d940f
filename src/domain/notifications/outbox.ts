import { z } from "zod";
import { delayAfter, RETRY_POLICIES } from "../retry-policies.js";
import { Id, Instant, SecretName } from "../text.js";
import { NotificationEvent } from "./event.js";

/** To whom a message goes: a subscription as it is then, or an address of the plan that the event is about. */
export const Recipient = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("subscription"), subscriptionId: Id }),
  z.strictObject({ kind: z.literal("plan"), url: z.string().max(2_000), secret: SecretName.optional() }),
]);
export type Recipient = z.infer<typeof Recipient>;

export const ENDPOINT_DIGITS = 32;

/** One event for one recipient. It stays in the outbox until it is taken or given up. */
export const OutboxMessage = z.strictObject({
  /** The `webhook-id` of all attempts. */
  messageId: z.string().regex(/^msg_[0-9a-f]{32}$/),
  event: NotificationEvent,
  to: Recipient,
  /** The address as it may be shown. */
  place: z.string().max(2_100),
  /** A digest of the address. Messages to one address share limits. */
  endpoint: z.string().length(ENDPOINT_DIGITS),
  attempts: z.int().min(0),
  /** Nobody attempts it before. Whoever attempts it moves this first, so that nobody else does. */
  nextAt: Instant,
  /** Why the last attempt failed. */
  why: z.string().max(500).nullable(),
});
export type OutboxMessage = z.infer<typeof OutboxMessage>;

/** A message that was given up. It can be sent again. */
export const DeadLetter = OutboxMessage.omit({ endpoint: true, nextAt: true }).extend({
  /** Newest first. */
  id: z.string().max(60),
  deadAt: Instant,
});
export type DeadLetter = z.infer<typeof DeadLetter>;

/** Dead letters are kept for so long. */
export const DEAD_LETTERS_KEPT_DAYS = 30;

/** The share of a delay that is added to it at most. */
export const MAX_JITTER = 0.25;

/**
 * How long a message waits after an attempt that failed; null when it was the last one. The id decides on the jitter, so
 * that messages that failed together do not come back together, and a test knows what to expect.
 */
export function delayOf({ messageId, attempts }: Pick<OutboxMessage, "messageId" | "attempts">): number | null {
  const delayMs = delayAfter(RETRY_POLICIES.outbox, attempts);
  if (delayMs === null) return null;
  const at = 4 + ((attempts * 4) % 28); // behind `msg_`
  const share = Number.parseInt(messageId.slice(at, at + 4), 16) / 0xffff;
  return Math.round(delayMs * (1 + MAX_JITTER * share));
}
