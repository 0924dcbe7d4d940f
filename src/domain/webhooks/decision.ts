import { z } from "zod";

/** What a person can decide on an approval. */
export const ApprovalDecision = z.enum(["approve", "decline"]);
export type ApprovalDecision = z.infer<typeof ApprovalDecision>;

/** The first digits of a hash that are enough to say which content somebody saw. */
export const MIN_HASH_CHARACTERS = 12;
