import { z } from "zod";
import { AskMessage, ReplyAddress } from "../domain/approvals/ask-message.js";
import { AskTarget } from "../domain/approvals/ask-target.js";
import { Guid } from "../domain/text.js";
import { activityContract } from "../durable/contract.js";

/** One attempt to tell one target, or to answer one address that a sender gave. */
export const askAttempt = z.object({
  /** Unique in the execution. It makes the id that all attempts carry. */
  key: z.string(),
  attempt: z.int().min(1),
  to: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("target"), target: AskTarget }),
    z.object({ kind: z.literal("reply"), reply: ReplyAddress, targets: z.array(AskTarget) }),
  ]),
  /** When it is sent again if it is not taken; null when this is the last attempt. */
  retryAfterMs: z.number().nullable(),
});
export type AskAttempt = z.output<typeof askAttempt>;

/**
 * Sends one message about an approval, to all at the same time, and notes in the execution's record who did not take
 * it. It answers whatever happens: a failure next to a call that is retried would confuse the replay.
 */
export const askForApproval = activityContract({
  name: "ask-for-approval",
  input: z.object({
    executionId: Guid,
    message: AskMessage,
    /** When the message was made. */
    at: z.string(),
    attempts: z.array(askAttempt),
    /** Keys of messages that are not sent again, because the approval has ended. */
    dropped: z.array(z.string()),
  }),
  output: z.object({
    results: z.array(z.object({ key: z.string(), result: z.enum(["delivered", "failed", "gone"]) })),
  }),
  retry: "none",
});
