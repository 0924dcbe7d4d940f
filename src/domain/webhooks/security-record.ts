import { z } from "zod";
import { TokenId } from "../access/access-token.js";
import { Role } from "../access/roles.js";
import { Id, Instant, Name } from "../text.js";

/** Why a request of a sender was refused before it was read. */
export const WebhookRefusal = z.enum([
  "unknown-source",
  "no-usable-secret",
  "wrong-content-type",
  "wrong-signature",
  "malformed-signature",
  "too-many-signatures",
  "malformed-id",
  "malformed-time",
  "wrong-time",
]);
export type WebhookRefusal = z.infer<typeof WebhookRefusal>;

/**
 * The requests of one source that were refused in one minute. All names that belong to no source share one record, so
 * the number of records does not depend on what is sent.
 */
const RefusedWebhooks = z.strictObject({
  kind: z.literal("webhook-refused"),
  sourceId: Id.nullable().describe("null for all names that belong to no source"),
  minute: Instant,
  count: z.int().min(1),
  reasons: z.partialRecord(WebhookRefusal, z.int().min(1)),
  lastReason: WebhookRefusal,
  lastAt: Instant,
});

/** Somebody made an access token for another person, and so can act as that person. */
const TokenMade = z.strictObject({
  kind: z.literal("token-for-another-person"),
  tokenId: TokenId,
  person: Name,
  madeBy: Name,
  roles: z.array(Role).max(50),
  minute: Instant,
  lastAt: Instant,
});
export type TokenMade = z.infer<typeof TokenMade>;

export const SecurityRecord = z.discriminatedUnion("kind", [RefusedWebhooks, TokenMade]);
export type RefusedWebhooks = z.infer<typeof RefusedWebhooks>;
export type SecurityRecord = z.infer<typeof SecurityRecord>;

export const SECURITY_RECORDS_KEPT_DAYS = 90;
