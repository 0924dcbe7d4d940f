import { RecoveryError } from "../domain/errors.js";
import { callWebhook as contract } from "../executions/contracts.js";
import { activity } from "./activity.js";
import { checkEgress } from "./webhook/egress-guard.js";
import { postJson } from "./webhook/send.js";

/**
 * Posts the state of an execution to an action's address. Any 2xx is a delivery. Anything else is an answer that says
 * why not, because the workflow decides on another attempt. An address that is not allowed is refused as `egress-refused`.
 */
export const callWebhook = activity(contract, async (ports, input) => {
  const { executionId, url, timeoutSeconds, payload, evenWhenCancelled } = input;
  if (!evenWhenCancelled) await ports.assertActive(executionId, "forward");
  const target = new URL(url);
  const checked = await checkEgress(target, ports.settings.allowPrivateWebhooks);
  if ("refused" in checked) throw new RecoveryError("egress-refused", checked.refused);
  if ("unknown" in checked) return { delivered: false as const, why: checked.unknown };
  try {
    const { status } = await postJson(target, checked, payload, timeoutSeconds * 1_000);
    if (status >= 200 && status < 300) return { delivered: true as const, status };
    return { delivered: false as const, why: `${target.host} answered ${status}` };
  } catch (thrown) {
    return {
      delivered: false as const,
      why: `${target.host} did not answer: ${thrown instanceof Error ? thrown.message : "unknown"}`,
    };
  }
});
