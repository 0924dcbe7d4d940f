/**
 * An approval as each receiver wants to be asked for it. Pure: the values of secrets come from the caller.
 *
 * - R1 Every text of a user stays within the documented limits of the receiver, and is shown as it is: it makes no
 *   mention, no link and no other field.
 * - R2 A request that carries a token, or that goes to an address which a sender gave, goes to the hosts of its service
 *   only.
 * - R3 A receiver that was asked learns the end too, where it can be told.
 *
 * All three are shown by test/unit/domain/render-ask.test.ts.
 */
import type { AskEnvelope, AskMessage, AskRequest, ReplyAddress } from "./ask-message.js";
import type { AskTarget } from "./ask-target.js";
import {
  deploymentReview,
  GITHUB_HOST,
  githubHeaders,
  repositoryDispatch,
  repositoryOfCallback,
} from "./formats/github.js";
import { PAGERDUTY_HOSTS, pagerDutyEvent } from "./formats/pagerduty.js";
import { serviceNowRecord } from "./formats/servicenow.js";
import { SLACK_HOSTS, slackAsk, slackClosing } from "./formats/slack.js";
import { renderStandard } from "./formats/standard.js";
import { teamsCard } from "./formats/teams.js";

const JSON_HEADERS = { "content-type": "application/json" };

const json = (url: string, body: object): AskRequest => ({ url, headers: JSON_HEADERS, body: JSON.stringify(body) });

/** The request that tells one target; null when there is nothing to tell it. */
export function renderAsk(target: AskTarget, message: AskMessage, envelope: AskEnvelope): AskRequest | null {
  const { secretOf } = envelope;
  switch (target.format) {
    case "standard":
      return renderStandard(target, message, envelope);
    case "slack": {
      const body = message.kind === "closed" ? slackClosing(message, { replaces: false }) : slackAsk(message);
      return { ...json(secretOf(target.urlSecret), body), onlyTo: SLACK_HOSTS };
    }
    case "teams":
      return json(secretOf(target.urlSecret), teamsCard(message));
    case "pagerduty": {
      const host = PAGERDUTY_HOSTS[target.region];
      const body = pagerDutyEvent(message, secretOf(target.routingKey));
      return { ...json(`https://${host}/v2/enqueue`, body), onlyTo: [host] };
    }
    case "servicenow":
      return { url: target.url, headers: JSON_HEADERS, body: serviceNowRecord(message), signWith: target.secret };
    case "github": {
      if (message.kind === "closed") return null;
      return {
        url: `https://${GITHUB_HOST}/repos/${target.repository}/dispatches`,
        headers: githubHeaders(secretOf(target.token)),
        body: JSON.stringify(repositoryDispatch(message, target.environment)),
        onlyTo: [GITHUB_HOST],
      };
    }
  }
}

/** The answer to an address that a sender gave; null when the address belongs to no target of the approval. */
export function renderReply(
  reply: ReplyAddress,
  targets: readonly AskTarget[],
  message: Extract<AskMessage, { kind: "closed" }>,
  { secretOf }: AskEnvelope,
): AskRequest | null {
  if (reply.format === "slack") {
    return { ...json(reply.url, slackClosing(message, { replaces: true })), onlyTo: SLACK_HOSTS };
  }
  const repository = repositoryOfCallback(reply.url);
  const isOfSender = (one: AskTarget) => one.format === "github" && one.repository.toLowerCase() === repository;
  const target = targets.find(isOfSender);
  if (target?.format !== "github") return null;
  return {
    url: reply.url,
    headers: githubHeaders(secretOf(target.token)),
    body: JSON.stringify(deploymentReview(message, target.environment)),
    onlyTo: [GITHUB_HOST],
  };
}
