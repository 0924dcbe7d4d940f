import type { z } from "zod";
import { sendNotifications as contract } from "../executions/contracts.js";
import type { Ports } from "../ports.js";
import { activity } from "./activity.js";
import { attemptOf, type Delivered, linkOf, type OutgoingRequest, webhookIdOf } from "./webhook/deliver.js";
import { noteAttempts } from "./webhook/note-attempts.js";

/** The recovery waits for this call, so it is short. */
const TIMEOUT_MS = 5_000;

type Message = z.output<typeof contract.input>["messages"][number];

export const sendNotifications = activity(contract, async (ports, { executionId, messages }) => {
  const sent = await Promise.all(
    messages.map(async (message) => {
      const { key, attempt } = message;
      const request = eventOf(ports, executionId, message);
      const answer = await attemptOf(ports, { executionId, key, attempt, request, timeoutMs: TIMEOUT_MS });
      return { ...message, answer };
    }),
  );
  await noteAttempts(ports, executionId, sent);
  return { results: sent.map(({ key, answer }) => ({ key, result: resultOf(answer) })) };
});

function resultOf(answer: Delivered): "delivered" | "failed" | "timed-out" {
  if (answer.delivered) return "delivered";
  return answer.timedOut ? "timed-out" : "failed";
}

/** A notification as a CloudEvent 1.0 in structured JSON. All attempts have the same bytes. */
function eventOf(
  { settings }: Ports,
  executionId: string,
  { key, url, event, payload, secret }: Message,
): OutgoingRequest {
  const link = linkOf(settings.publicBaseUrl, executionId);
  const cloudEvent = {
    specversion: "1.0",
    id: webhookIdOf(executionId, key),
    source: link.path,
    type: `secondsite.execution.${event}`,
    time: payload["at"],
    datacontenttype: "application/json",
    data: { ...payload, link },
  };
  const headers = { "content-type": "application/cloudevents+json" };
  return { url, headers, body: JSON.stringify(cloudEvent), signWith: secret };
}
