import type { Execution } from "../domain/execution.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import type { Services } from "./context.js";

/** The ids of the executions that have not ended and are wanted. Reads only what the sweep still watches. */
export async function unfinishedExecutions(
  { store }: Services,
  isWanted: (execution: Execution) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  for (const { value } of await store.listUnsettled()) {
    const execution = (await store.getExecution(value.executionId))?.value;
    if (execution && !isEnded(execution.status) && isWanted(execution)) found.push(execution.executionId);
  }
  return found;
}
