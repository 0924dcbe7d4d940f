import { z } from "zod";
import { Guid, Id } from "../domain/text.js";
import { ReceiptResult } from "../domain/webhooks/receipt.js";
import { SecurityRecord } from "../domain/webhooks/security-record.js";
import { WebhookSource, WebhookSourceInput } from "../domain/webhooks/source.js";
import { route } from "./route.js";
import { noQuery, nothing, nowhere, pageOf, pageQuery, read, remove } from "./schemas.js";

const onSource = z.strictObject({ sourceId: Id });

const sourceView = WebhookSource.extend({
  unusableSecrets: z.array(z.string()).describe("its secrets without a usable value in the settings; none is best"),
});

const receivedView = z.object({
  outcome: ReceiptResult.shape.outcome.or(z.literal("ignored")),
  code: z.string().optional().describe("why it was refused"),
  detail: z.string(),
  approvalId: Guid.optional(),
});

/** Senders of webhooks, and what they send. */
export const WEBHOOK_ROUTES = {
  receiveApprovalWebhook: route({
    id: "receive-approval-webhook",
    right: "anonymous",
    method: "POST",
    path: "api/webhooks/approvals/{sourceId}",
    summary: "Receive the decision of a person on an approval, signed as the scheme of the source says",
    params: z.strictObject({ sourceId: z.string().max(100) }),
    query: noQuery,
    body: nothing,
    rawBody: { limitBytes: 65_536, contentTypes: ["application/json", "application/x-www-form-urlencoded"] },
    headers: {},
    status: 202,
    answersAlso: [200],
    answers: [],
    response: z.union([receivedView, z.object({ type: z.literal("message"), text: z.string() })]),
    problems: ["webhook-refused"],
  }),
  saveWebhookSource: route({
    id: "save-webhook-source",
    right: "administer",
    method: "PUT",
    path: "api/webhook-sources/{sourceId}",
    summary: "Register a sender of webhooks: its scheme, its secrets by name, and the people that it speaks for",
    params: onSource,
    query: noQuery,
    body: WebhookSourceInput,
    headers: {},
    status: 200,
    creates: true,
    answers: [],
    response: sourceView,
    problems: ["value-too-large"],
  }),
  listWebhookSources: route({
    ...read,
    id: "list-webhook-sources",
    right: "administer",
    path: "api/webhook-sources",
    summary: "List the registered senders of webhooks",
    params: nowhere,
    query: pageQuery,
    response: pageOf(sourceView),
    problems: [],
  }),
  getWebhookSource: route({
    ...read,
    id: "get-webhook-source",
    right: "administer",
    path: "api/webhook-sources/{sourceId}",
    summary: "Show a registered sender of webhooks",
    params: onSource,
    query: noQuery,
    response: sourceView,
    problems: ["webhook-source-not-found"],
  }),
  removeWebhookSource: route({
    ...remove,
    id: "remove-webhook-source",
    right: "administer",
    path: "api/webhook-sources/{sourceId}",
    summary: "Remove a sender of webhooks; one that is gone is no error",
    params: onSource,
    problems: [],
  }),
  listSecurityRecords: route({
    ...read,
    id: "list-security-records",
    right: "audit",
    path: "api/security-records",
    summary:
      "List the webhooks that were refused, counted by source and minute, and the tokens made for another person, newest first",
    params: nowhere,
    query: pageQuery,
    response: pageOf(SecurityRecord),
    problems: [],
  }),
} as const;
