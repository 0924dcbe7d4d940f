/**
 * An event as each receiver wants it. Pure: the values of secrets come from the caller.
 *
 * - F1 Each body has the shape that its receiver publishes, within its limits. (test/unit/domain/notification-formats.test.ts)
 * - F2 A text of a user is shown as it is: it makes no mention, no link and no other field. (the same)
 * - F3 All attempts of a message have the same bytes. (the same)
 */
import type { AskRequest } from "../approvals/ask-message.js";
import { PAGERDUTY_HOSTS } from "../approvals/formats/pagerduty.js";
import { SLACK_HOSTS } from "../approvals/formats/slack.js";
import type { HashFunction } from "../identity.js";
import type { NotificationEvent } from "./event.js";
import { azureCommonAlert } from "./formats/azure-common-alert.js";
import { cloudEvent, type EventLink } from "./formats/cloud-event.js";
import { pagerDutyAlert } from "./formats/pagerduty.js";
import { slackMessage } from "./formats/slack.js";
import { teamsMessage } from "./formats/teams.js";
import type { NotificationTarget } from "./subscription.js";

/** A request as it is sent. */
export interface EventRequest extends Omit<AskRequest, "signWith"> {
  /** The names of the secrets that sign it. */
  signWith?: readonly string[];
}

/** What a renderer knows beside the event. */
export interface EventEnvelope {
  messageId: string;
  link: EventLink;
  /** The value of a secret. Throws `secret-missing`. */
  secretOf: (name: string) => string;
  hash: HashFunction;
}

export function renderEvent(
  target: NotificationTarget,
  event: NotificationEvent,
  { messageId, link, secretOf, hash }: EventEnvelope,
): EventRequest {
  switch (target.format) {
    case "cloudevents":
      return signed(target, "application/cloudevents+json", cloudEvent(event, messageId, link));
    case "azure-common-alert":
      return signed(target, "application/json", azureCommonAlert(event, messageId, link, hash));
    case "slack":
      return { ...json(secretOf(target.urlSecret), slackMessage(event, link)), onlyTo: SLACK_HOSTS };
    case "teams":
      return json(secretOf(target.urlSecret), teamsMessage(event, link));
    case "pagerduty": {
      const host = PAGERDUTY_HOSTS[target.region];
      const body = pagerDutyAlert(event, secretOf(target.routingKey), link);
      return { ...json(`https://${host}/v2/enqueue`, body), onlyTo: [host] };
    }
  }
}

const json = (url: string, body: object): EventRequest => {
  return { url, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
};

function signed(
  { url, secrets }: { url: string; secrets: readonly string[] },
  contentType: string,
  body: object,
): EventRequest {
  const request = { url, headers: { "content-type": contentType }, body: JSON.stringify(body) };
  return secrets.length === 0 ? request : { ...request, signWith: secrets };
}
