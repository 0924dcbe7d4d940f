import { z } from "zod";
import { ApprovalAsk } from "./ask.js";

/** How an approval ended. `broken-glass`: one person with that right let it pass. */
export const ApprovalEnd = z.enum(["approved", "broken-glass", "declined", "expired", "void"]);
export type ApprovalEnd = z.infer<typeof ApprovalEnd>;

/** The end of an approval as those who were asked learn it. */
export const ApprovalClosing = z.strictObject({
  end: ApprovalEnd,
  /** Whoever decided; nobody when it expired or is void. */
  people: z.array(z.string().max(80)).max(50),
  reason: z.string().max(2_000),
});
export type ApprovalClosing = z.infer<typeof ApprovalClosing>;

/**
 * An address that a sender gave with a message about the approval, to be answered when the approval has ended: the
 * `response_url` of a Slack button, or the `deployment_callback_url` of a protection rule on GitHub. Whoever receives
 * such a message keeps the address with the approval.
 */
export const ReplyAddress = z.strictObject({ format: z.enum(["slack", "github"]), url: z.string().max(2_000) });
export type ReplyAddress = z.infer<typeof ReplyAddress>;

/** What approvers are told of an approval: that they are asked, that the others did not decide in time, or its end. */
export const AskMessage = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.enum(["requested", "escalated"]), ask: ApprovalAsk }),
  z.strictObject({ kind: z.literal("closed"), ask: ApprovalAsk, closing: ApprovalClosing }),
]);
export type AskMessage = z.infer<typeof AskMessage>;
export type OpenMessage = Extract<AskMessage, { kind: "requested" | "escalated" }>;
export type ClosedMessage = Extract<AskMessage, { kind: "closed" }>;

/** One request to send. */
export interface AskRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** The only hosts that it may go to, because it carries a secret or an address that others gave. */
  onlyTo?: readonly string[];
  /** The name of the secret that signs it. */
  signWith?: string;
}

/** What a renderer knows beside the message. */
export interface AskEnvelope {
  /** The id of the message, the same for all attempts. */
  messageId: string;
  at: string;
  /** The value of a secret. Throws `secret-missing`. */
  secretOf: (name: string) => string;
}
