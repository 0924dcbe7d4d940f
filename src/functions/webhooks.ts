import { WEBHOOK_ROUTES } from "../api/webhook-routes.js";
import { decideApproval } from "../commands/approvals.js";
import type { Received } from "../commands/webhooks/receive.js";
import { receiveWebhook } from "../commands/webhooks/receive.js";
import { getSource, listSources, saveSource } from "../commands/webhooks/sources.js";
import { pageRequest, serve, serveRaw } from "./serve.js";

serveRaw(WEBHOOK_ROUTES.receiveApprovalWebhook, async (context, { params, headers, body }) =>
  answerOf(await receiveWebhook(context, decideApproval, params.sourceId, { headers, body })),
);

/** Each sender understands its own kind of success. */
function answerOf({ answer, ...received }: Received) {
  if (answer === "message") return { status: 200, body: { type: "message" as const, text: received.detail } };
  return { status: answer === "ok" ? 200 : 202, body: received };
}

serve(WEBHOOK_ROUTES.saveWebhookSource, async (context, { params, body, caller }) => {
  const { view, isNew } = await saveSource(context, params.sourceId, body, caller.person);
  return { body: view, status: isNew ? 201 : 200 };
});

serve(WEBHOOK_ROUTES.listWebhookSources, async (context, { query }) => ({
  body: await listSources(context, pageRequest(query)),
}));

serve(WEBHOOK_ROUTES.getWebhookSource, async (context, { params }) => ({
  body: await getSource(context, params.sourceId),
}));

serve(WEBHOOK_ROUTES.removeWebhookSource, async ({ store }, { params }) => {
  await store.removeWebhookSource(params.sourceId);
  return { body: undefined };
});

serve(WEBHOOK_ROUTES.listSecurityRecords, async ({ store }, { query }) => ({
  body: await store.listSecurityRecords(pageRequest(query)),
}));
