import { app } from "@azure/functions";
import { NOTIFICATION_ROUTES } from "../api/notification-routes.js";
import { resendDeadLetter, resendDeadLetters, sweepDeadLetters } from "../commands/notifications/dead-letters.js";
import { getSubscription, listSubscriptions, saveSubscription } from "../commands/notifications/subscriptions.js";
import { services } from "../composition.js";
import { deliverDue } from "../notifications/deliver-due.js";
import { pageRequest, serve } from "./serve.js";

/** Addresses that this process is serving. */
const busy = new Set<string>();

/** What waits is sent at its time, at most ten seconds later. */
app.timer("deliver-notifications", {
  schedule: "*/10 * * * * *",
  runOnStartup: true,
  handler: async (_timer, invocation) => {
    for (const error of await deliverDue(services, busy)) invocation.error(`Could not deliver ${error}`);
  },
});

app.timer("sweep-dead-letters", {
  schedule: "0 17 * * * *",
  handler: () => sweepDeadLetters(services),
});

serve(NOTIFICATION_ROUTES.saveSubscription, async (context, { params, body, caller }) => {
  const { view, isNew } = await saveSubscription(context, params.subscriptionId, body, caller.person);
  return { body: view, status: isNew ? 201 : 200 };
});

serve(NOTIFICATION_ROUTES.listSubscriptions, async (context, { query }) => ({
  body: await listSubscriptions(context, pageRequest(query)),
}));

serve(NOTIFICATION_ROUTES.getSubscription, async (context, { params }) => ({
  body: await getSubscription(context, params.subscriptionId),
}));

serve(NOTIFICATION_ROUTES.removeSubscription, async ({ store }, { params }) => {
  await store.removeSubscription(params.subscriptionId);
  return { body: undefined };
});

serve(NOTIFICATION_ROUTES.listDeadLetters, async ({ store }, { query }) => ({
  body: await store.listDeadLetters(pageRequest(query)),
}));

serve(NOTIFICATION_ROUTES.resendDeadLetter, async (context, { params }) => ({
  body: await resendDeadLetter(context, params.deadLetterId),
}));

serve(NOTIFICATION_ROUTES.resendDeadLetters, async (context, { body }) => ({
  body: await resendDeadLetters(context, body.subscriptionId),
}));
