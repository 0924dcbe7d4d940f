import { z } from "zod";
import { Instant, Name, toMs } from "../text.js";
import { Grant } from "./roles.js";

/** The id inside a token. It is no secret: lists and log lines show it. */
export const TokenId = z
  .string()
  .regex(/^[0-9a-f]{16}$/, "use the 16 hexadecimal digits between the two `_` of the token");

const FORMAT = /^sst_([0-9a-f]{16})_[0-9a-f]{64}$/;

/** The text that a caller sends: `sst_`, the id, and 256 random bits. */
export const tokenText = (tokenId: string, secret: string): string => `sst_${tokenId}_${secret}`;

/** The id of a token; null for any other text. */
export const tokenIdIn = (text: string): string | null => FORMAT.exec(text)?.[1] ?? null;

/** A token as it is kept: whoever reads the record cannot make the token of it. */
export const AccessToken = z.strictObject({
  tokenId: TokenId,
  person: Name,
  grants: z.array(Grant).min(1).max(50),
  /** SHA-256 of the whole token. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: Instant,
  createdBy: Name,
  /** Null only for the token of the first administrator. */
  expiresAt: Instant.nullable(),
  revoked: z.strictObject({ at: Instant, by: Name }).optional(),
});
export type AccessToken = z.infer<typeof AccessToken>;

/** Whether a token counts at a moment. */
export const isInForce = ({ expiresAt, revoked }: AccessToken, nowMs: number): boolean =>
  revoked === undefined && (expiresAt === null || nowMs < toMs(expiresAt));
