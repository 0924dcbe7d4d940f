import { withActions } from "../runtime/actions.js";
import { awaitApprovals } from "../runtime/approvals.js";
import type { ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { runAllItems } from "../runtime/stages.js";
import { removeLeftNetworks } from "../runtime/test-networks.js";

/** Accepts a failover: the active copies stay, every recovery point is deleted (P6). */
export const commit: ExecutionWorkflow = function* (execution) {
  yield* awaitApprovals(execution, { kind: "commit" }, () => execution.itemsToDo);
  yield* withActions(execution, "commit", function* () {
    yield* runAllItems(execution, "commit-item");
    yield* removeLeftNetworks(execution);
  });
};
