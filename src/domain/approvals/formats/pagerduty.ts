import type { AskMessage } from "../ask-message.js";
import { clip, factsOf, hasAddress, hashPrefix, headlineOf } from "../ask-words.js";

export const PAGERDUTY_HOSTS = { us: "events.pagerduty.com", eu: "events.eu.pagerduty.com" } as const;

export const MAX_SUMMARY = 1_024;

/**
 * An event of the Events API v2. The incident ends with the approval. Its summary names the approval and what was seen,
 * because that is what comes back in a reply.
 */
export function pagerDutyEvent(message: AskMessage, routingKey: string): object {
  const { ask } = message;
  const common = { routing_key: routingKey, dedup_key: ask.approvalId };
  if (message.kind === "closed") return { ...common, event_action: "resolve" };
  const reference = ` [${ask.approvalId} ${hashPrefix(ask)}]`;
  return {
    ...common,
    event_action: "trigger",
    client: "Secondsite",
    ...(hasAddress(ask) ? { client_url: ask.link, links: [{ href: ask.link, text: "Approval" }] } : {}),
    payload: {
      summary: `${clip(headlineOf(message), MAX_SUMMARY - reference.length)}${reference}`,
      source: `plan ${ask.planId}`,
      severity: message.kind === "escalated" ? "critical" : "warning",
      timestamp: ask.requestedAt,
      component: ask.planId,
      class: "approval",
      custom_details: {
        ...Object.fromEntries(factsOf(ask).map(({ title, value }) => [title, value])),
        approvalId: ask.approvalId,
        hash: ask.hash,
      },
    },
  };
}
