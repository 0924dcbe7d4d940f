import { ActionType, type OrchestratorAction } from "./answer.js";
import type { Decision } from "./decisions.js";

/** What is said of an instance that cannot go on. */

export const GAVE_UP_EARLY =
  "A retried call stopped before its last attempt, because its retry time-out passed or its error is not to be retried. The durable-functions package waits for a further attempt for ever in this case, so the instance is failed here. Use the number of attempts alone to limit retries.";

export function notServed(action: OrchestratorAction): string {
  const what =
    action.actionType === ActionType.CallHttp
      ? "callHttp is not served by the embedded host. Make the request in an activity."
      : "Entities are not served by the embedded host. Keep the state in a table through an activity, or run under Azure Functions Core Tools.";
  return `${what} (action ${action.actionType})`;
}

export function nonDeterministic(
  id: number,
  kind: string,
  name: string | undefined,
  asked: Decision | undefined,
): string {
  const recorded = `${kind}${name ? ` '${name}'` : ""}`;
  const now = asked ? `${asked.kind}${"name" in asked ? ` '${asked.name}'` : ""}` : "nothing";
  return (
    `Non-Deterministic workflow detected: history has ${recorded} as task ${id}, but the code now asks for ${now} there. ` +
    "The orchestrator's code has changed since this instance began, or it does not do the same on every replay (clock, random numbers, input and output outside activities)."
  );
}

export const tooManyActions = (limit: number): string =>
  `The orchestrator asks for more than ${limit} actions (extensions.durableTask.maxOrchestrationActions). Split the work over sub-orchestrations, or begin anew with continueAsNew.`;

/** Seen on the genuine host too: the package goes on at the first failure, the host only when all have ended. */
export const RETRY_BESIDE_FAILURE =
  "a call failed in a Task.all beside a retried one that is still open: the durable-functions package and the host number what follows differently, so later results may be lost or swapped. Put retries into sub-orchestrations of their own.";
