import { clip } from "../../approvals/ask-words.js";
import { MAX_SUMMARY } from "../../approvals/formats/pagerduty.js";
import { matterOf, type NotificationEvent } from "../event.js";
import type { EventLink } from "./cloud-event.js";

/** An event of the Events API v2. What belongs to one execution is one incident, which its success resolves. */
export function pagerDutyAlert(event: NotificationEvent, routingKey: string, { url }: EventLink): object {
  const { kind, planId, worldId, text, severity, at, facts, executionId, ends } = event;
  const common = { routing_key: routingKey, dedup_key: matterOf(event) };
  if (ends) return { ...common, event_action: "resolve" };
  return {
    ...common,
    event_action: "trigger",
    client: "Secondsite",
    ...(url !== null && { client_url: url, links: [{ href: url, text: "Show" }] }),
    payload: {
      summary: clip(text, MAX_SUMMARY),
      source: planId === null ? `world ${worldId}` : `plan ${planId}`,
      severity,
      timestamp: at,
      component: planId ?? worldId ?? "secondsite",
      class: kind,
      custom_details: { ...Object.fromEntries(facts.map(({ title, value }) => [title, value])), executionId },
    },
  };
}
