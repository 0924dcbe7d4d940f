import { ActionType, type OrchestratorAction } from "./answer.js";
import type { Decision } from "./decisions.js";

/** Texts about replays that fail or need a warning. */

export const GAVE_UP_EARLY =
  "A call with retries stopped before its last attempt, because its retryTimeout passed or its error must not be retried. The durable-functions package waits forever for another attempt in this case, so the host fails the instance. Limit retries by the number of attempts alone.";

export function notServed(action: OrchestratorAction): string {
  const what =
    action.actionType === ActionType.CallHttp
      ? "callHttp is not served by the embedded host. Make the request in an activity."
      : "Entities are not served by the embedded host. Keep the state in a table by an activity, or run under Azure Functions Core Tools.";
  return `${what} (action ${action.actionType})`;
}

export function nonDeterministic(
  id: number,
  kind: string,
  name: string | undefined,
  requested: Decision | undefined,
): string {
  const recorded = `${kind}${name ? ` '${name}'` : ""}`;
  const now = requested ? `${requested.kind}${"name" in requested ? ` '${requested.name}'` : ""}` : "nothing";
  return (
    `Non-Deterministic workflow detected: history has ${recorded} as task ${id}, but the code now requests ${now} there. ` +
    "Either the orchestrator's code has changed since this instance started, or it does not behave the same in every replay (clock, random numbers, I/O outside activities)."
  );
}

export const tooManyActions = (limit: number): string =>
  `The orchestrator requests more than ${limit} actions (extensions.durableTask.maxOrchestrationActions). Split the work into sub-orchestrations, or start over with continueAsNew.`;

/** The genuine host has the same fault: the package continues at the first failure, the host only when all tasks have ended. */
export const RETRY_OPEN_AT_FAILURE =
  "in a Task.all, one call failed while another call with retries was still open. The durable-functions package and the host then number the following tasks differently, so later results may be lost or swapped. Put retries into sub-orchestrations.";
