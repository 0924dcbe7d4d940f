import type { z } from "zod";
import { attemptOf, type Delivered, refused, webhookIdOf } from "../delivery/deliver.js";
import { secretValue } from "../delivery/sign.js";
import type { AskMessage, AskRequest } from "../domain/approvals/ask-message.js";
import type { AskTarget } from "../domain/approvals/ask-target.js";
import { renderAsk, renderReply } from "../domain/approvals/render-ask.js";
import { type AskAttempt, askForApproval as contract } from "../executions/ask-contracts.js";
import { noteAttempts } from "../executions/note-attempts.js";
import type { Ports } from "../ports.js";
import { activity } from "./activity.js";

/** Longer than receivers take, and shorter than the time after which the orchestration looks again. */
const TIMEOUT_MS = 5_000;

export const askForApproval = activity(contract, async (ports, { executionId, message, at, attempts, dropped }) => {
  const event = `approval-${message.kind}` as const;
  const sent = await Promise.all(
    attempts.map(async (one) => {
      const answer = await attempt(ports, { executionId, message, at }, one);
      return { ...one, event, url: placeOf(one.to), answer };
    }),
  );
  await noteAttempts(ports, executionId, sent, dropped);
  return { results: sent.map(({ key, answer }) => ({ key, result: resultOf(answer) })) };
});

function resultOf(answer: Delivered): "delivered" | "failed" | "gone" {
  if (answer.delivered) return "delivered";
  return answer.gone ? "gone" : "failed";
}

type Context = Pick<z.output<typeof contract.input>, "executionId" | "message" | "at">;

/** A secret that is missing today may be there at the next attempt, so it is a failure like any other. */
async function attempt(ports: Ports, context: Context, { key, attempt: number, to }: AskAttempt): Promise<Delivered> {
  const messageId = webhookIdOf(context.executionId, key);
  let request: AskRequest | null;
  try {
    request = requestOf(ports, context, messageId, to);
  } catch (thrown) {
    return refused(thrown);
  }
  if (request === null) return { delivered: true, status: 204 };
  return attemptOf(ports, { messageId, attempt: number, request, timeoutMs: TIMEOUT_MS });
}

function requestOf({ secrets }: Ports, context: Context, messageId: string, to: AskAttempt["to"]): AskRequest | null {
  const { message, at } = context;
  const envelope = { messageId, at, secretOf: (name: string) => secretValue(secrets, name) };
  if (to.kind === "target") return renderAsk(to.target, message, envelope);
  return isClosed(message) ? renderReply(to.reply, to.targets, message, envelope) : null;
}

const isClosed = (message: AskMessage): message is Extract<AskMessage, { kind: "closed" }> => message.kind === "closed";

/** The address as the record may show it. An address that is a secret is shown by its name. */
function placeOf(to: AskAttempt["to"]): string {
  return to.kind === "reply" ? `${to.reply.format}, reply` : placeOfTarget(to.target);
}

function placeOfTarget(target: AskTarget): string {
  switch (target.format) {
    case "standard":
    case "servicenow":
      return target.url;
    case "slack":
    case "teams":
      return `${target.format}, secret ${target.urlSecret}`;
    case "pagerduty":
      return `pagerduty, secret ${target.routingKey}`;
    case "github":
      return `github, ${target.repository}`;
  }
}
