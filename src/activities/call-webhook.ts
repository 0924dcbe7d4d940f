import { deliver, linkOf, webhookIdOf } from "../delivery/deliver.js";
import { callBackSecretOf, callBackToken } from "../executions/call-back-token.js";
import { callWebhook as contract } from "../executions/contracts.js";
import type { Ports } from "../ports.js";
import { activity } from "./activity.js";
import { requireCaughtUp } from "./steering.js";

/** Posts the state of an execution to an action's address. The action of a cancelled execution is not begun. */
export const callWebhook = activity(contract, async (ports, { timeoutSeconds, callBack, payload, seen, ...call }) => {
  const { executionId, key, attempt, url, secret } = call;
  await ports.assertActive(executionId, "forward");
  await requireCaughtUp(ports, { executionId, seen });
  const messageId = webhookIdOf(executionId, key);
  const body = {
    webhookId: messageId,
    attempt,
    ...payload,
    ...(callBack === null ? {} : { callBack: await invitation(ports, call, callBack) }),
    link: linkOf(ports.settings.publicBaseUrl, executionId),
  };
  const headers = { "content-type": "application/json" };
  const request = { url, headers, body: JSON.stringify(body), signWith: secret };
  const answer = await deliver(ports, { messageId, attempt, request, timeoutMs: timeoutSeconds * 1_000 });
  if (answer.delivered) return answer;
  return { delivered: false as const, why: answer.why, timedOut: answer.timedOut };
});

/** How the receiver calls back. An activity that runs twice sends the same token. */
async function invitation(
  ports: Ports,
  { executionId }: { executionId: string },
  { actionId, ask, timeLimitMinutes }: { actionId: string; ask: number; timeLimitMinutes: number },
) {
  const token = callBackToken(await callBackSecretOf(ports, executionId), actionId, ask);
  const link = linkOf(ports.settings.publicBaseUrl, executionId, `/actions/${actionId}/complete`);
  return { method: "POST", ...link, token, timeLimitMinutes };
}
