import type { ClosedMessage, OpenMessage } from "../ask-message.js";
import { clip, endOf, hashPrefix, headlineOf } from "../ask-words.js";

export const GITHUB_HOST = "api.github.com";

/** The only routes of GitHub that an answer goes to: the callback of a deployment protection rule. */
const CALLBACK = /^\/repos\/([\w.-]+\/[\w.-]+)\/actions\/runs\/\d+\/deployment_protection_rule$/;

/** The repository that a callback belongs to, in lower case; null when the URL is no such callback. */
export function repositoryOfCallback(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { origin, search, hash, pathname } = new URL(url);
  if (origin !== `https://${GITHUB_HOST}` || search !== "" || hash !== "") return null;
  return CALLBACK.exec(pathname)?.[1]?.toLowerCase() ?? null;
}

export const githubHeaders = (token: string): Readonly<Record<string, string>> => ({
  "content-type": "application/json",
  accept: "application/vnd.github+json",
  authorization: `Bearer ${token}`,
  "user-agent": "secondsite",
  "x-github-api-version": "2022-11-28",
});

/** A payload has ten properties at most. The workflow takes `runName` as its `run-name`, which comes back in a review. */
export function repositoryDispatch({ ask, kind }: OpenMessage, environment: string): object {
  return {
    event_type: "secondsite-approval",
    client_payload: {
      runName: `approval:${ask.approvalId} ${hashPrefix(ask)} ${clip(ask.name, 80)}`,
      approvalId: ask.approvalId,
      hash: ask.hash,
      environment,
      kind,
      plan: `${ask.planId} version ${ask.planVersion}`,
      verb: ask.verb,
      requestedBy: ask.requestedBy,
      expiresAt: ask.expiresAt,
      link: ask.link,
    },
  };
}

/** The answer to a deployment protection rule. Only an approval lets the deployment go on. */
export function deploymentReview(message: ClosedMessage, environment: string): object {
  const passes = message.closing.end === "approved" || message.closing.end === "broken-glass";
  return {
    environment_name: environment,
    state: passes ? "approved" : "rejected",
    comment: clip(`${headlineOf(message)}. It was ${endOf(message)}`, 1_000),
  };
}
