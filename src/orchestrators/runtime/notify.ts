import type { OrchestrationContext } from "durable-functions";
import type { NotificationEvent } from "../../domain/plans/plan.js";
import { callActivity, type Durable } from "../../durable/call.js";
import { callWebhook, type ExecutionPlan } from "../../executions/contracts.js";

/** A recovery does not wait long for an address that is only informed. */
const TIMEOUT_SECONDS = 10;

/** Notifies the plan's addresses of an event (A7), once each. An address that does not take it holds nothing up. */
export function* notify(
  context: OrchestrationContext,
  plan: ExecutionPlan,
  event: NotificationEvent,
  details: Readonly<Record<string, unknown>>,
): Durable<void> {
  const { executionId, worldId, verb, direction } = plan;
  const payload = { event, executionId, worldId, verb, direction, ...details };
  for (const { url, on } of plan.notifications) {
    if (!on.includes(event)) continue;
    const input = { executionId, url, timeoutSeconds: TIMEOUT_SECONDS, payload, evenWhenCancelled: true };
    try {
      yield* callActivity(context, callWebhook, input);
    } catch {
      // An address that is not allowed is no reason to stop either.
    }
  }
}
