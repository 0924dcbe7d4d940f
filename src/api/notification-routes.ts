import { z } from "zod";
import { DeadLetter } from "../domain/notifications/outbox.js";
import { Subscription, SubscriptionInput } from "../domain/notifications/subscription.js";
import { Id } from "../domain/text.js";
import { route } from "./route.js";
import { noQuery, nothing, nowhere, pageOf, pageQuery, read, remove } from "./schemas.js";

const onSubscription = z.strictObject({ subscriptionId: Id });
const onDeadLetter = z.strictObject({ deadLetterId: z.string().max(100) });

const subscriptionView = Subscription.extend({
  missingSecrets: z.array(z.string()).describe("its secrets without a value in the settings; none is best"),
});

const resend = { method: "POST", query: noQuery, headers: {}, status: 202, answers: [] } as const;

/** Who is told what, and what could not be told. */
export const NOTIFICATION_ROUTES = {
  saveSubscription: route({
    id: "save-subscription",
    right: "administer",
    method: "PUT",
    path: "api/subscriptions/{subscriptionId}",
    summary:
      "Save who is told what: kinds of events, plans and worlds, and the address with its format and secrets by name",
    params: onSubscription,
    query: noQuery,
    body: SubscriptionInput,
    headers: {},
    status: 200,
    creates: true,
    answers: [],
    response: subscriptionView,
    problems: ["value-too-large"],
  }),
  listSubscriptions: route({
    ...read,
    id: "list-subscriptions",
    right: "administer",
    path: "api/subscriptions",
    summary: "List the subscriptions to notifications",
    params: nowhere,
    query: pageQuery,
    response: pageOf(subscriptionView),
    problems: [],
  }),
  getSubscription: route({
    ...read,
    id: "get-subscription",
    right: "administer",
    path: "api/subscriptions/{subscriptionId}",
    summary: "Show a subscription to notifications",
    params: onSubscription,
    response: subscriptionView,
    problems: ["subscription-not-found"],
  }),
  removeSubscription: route({
    ...remove,
    id: "remove-subscription",
    right: "administer",
    path: "api/subscriptions/{subscriptionId}",
    summary: "Remove a subscription to notifications; what waits for it is not sent, and one that is gone is no error",
    params: onSubscription,
    problems: [],
  }),
  listDeadLetters: route({
    ...read,
    id: "list-dead-letters",
    right: "administer",
    path: "api/dead-letters",
    summary: "List the notifications that were given up, newest first",
    params: nowhere,
    query: pageQuery,
    response: pageOf(DeadLetter),
    problems: [],
  }),
  resendDeadLetter: route({
    ...resend,
    id: "resend-dead-letter",
    right: "administer",
    path: "api/dead-letters/{deadLetterId}/resend",
    summary: "Send a notification again that was given up, under the id that it had",
    params: onDeadLetter,
    body: nothing,
    response: z.object({ messageId: z.string() }),
    problems: ["dead-letter-not-found"],
  }),
  resendDeadLetters: route({
    ...resend,
    id: "resend-dead-letters",
    right: "administer",
    path: "api/dead-letters/resend",
    summary:
      "Send the newest notifications again that were given up, a hundred at most; of one subscription if it is named",
    params: nowhere,
    body: z.strictObject({ subscriptionId: Id.optional() }).prefault({}),
    response: z.object({ resent: z.int() }),
    problems: [],
  }),
} as const;
