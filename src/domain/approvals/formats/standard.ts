import type { ApprovalAsk } from "../ask.js";
import type { AskEnvelope, AskMessage, AskRequest } from "../ask-message.js";
import type { AskTarget } from "../ask-target.js";

type Target<F extends AskTarget["format"]> = Extract<AskTarget, { format: F }>;

/** Item ids in one message. Standard Webhooks advises to stay below 20 kB; the link shows them all. */
export const MAX_ITEM_IDS = 100;

/** What the message says of the approval: everything but the item ids beyond the first. */
export function contentOf(ask: ApprovalAsk): object {
  const { itemIds, ...rest } = ask;
  return { ...rest, itemCount: itemIds.length, itemIds: itemIds.slice(0, MAX_ITEM_IDS) };
}

/** A CloudEvent 1.0 in structured JSON. Its id is the webhook id, so a receiver drops a repeated one by either. */
export function renderStandard(
  { url, secret }: Target<"standard">,
  message: AskMessage,
  { messageId, at }: AskEnvelope,
): AskRequest {
  const { ask, kind } = message;
  const event = {
    specversion: "1.0",
    id: messageId,
    source: `/api/executions/${ask.executionId}`,
    type: `secondsite.approval.${kind}`,
    subject: ask.approvalId,
    time: at,
    datacontenttype: "application/json",
    data: { ...contentOf(ask), ...(message.kind === "closed" ? { closing: message.closing } : {}) },
  };
  return {
    url,
    headers: { "content-type": "application/cloudevents+json" },
    body: JSON.stringify(event),
    ...(secret === undefined ? {} : { signWith: secret }),
  };
}
