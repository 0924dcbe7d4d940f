import { callBackSecretOf, callBackToken } from "../executions/call-back-token.js";
import { callWebhook as contract } from "../executions/contracts.js";
import type { Ports } from "../ports.js";
import { activity } from "./activity.js";
import { requireCaughtUp } from "./steering.js";
import { deliver, linkOf } from "./webhook/deliver.js";

/** Posts the state of an execution to an action's address. The action of a cancelled execution is not begun. */
export const callWebhook = activity(contract, async (ports, { timeoutSeconds, callBack, seen, ...call }) => {
  await ports.assertActive(call.executionId, "forward");
  await requireCaughtUp(ports, { ...call, seen });
  const payload =
    callBack === null ? call.payload : { ...call.payload, callBack: await invitation(ports, call, callBack) };
  return deliver(ports, { ...call, payload, timeoutMs: timeoutSeconds * 1_000 });
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
