import { callActivity, type Durable } from "../../durable/call.js";
import { checkPrerequisites as contract } from "../../executions/contracts.js";
import type { ExecutionContext } from "./execution-workflow.js";

/** Ends the execution before anything is touched when a machine, setting or site is not ready for it. */
export function* checkPrerequisites(execution: ExecutionContext): Durable<void> {
  const itemIds = execution.itemsToDo.map(({ id }) => id);
  const input = { ...execution.ids, verb: execution.plan.verb, itemIds };
  yield* execution.step("prerequisites", function* () {
    const { found } = yield* callActivity(execution.context, contract, input);
    execution.progress.note("prerequisites", found);
  });
}
