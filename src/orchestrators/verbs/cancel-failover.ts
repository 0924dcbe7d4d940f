import type { ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { runAllItems } from "../runtime/stages.js";
import { removeLeftNetworks } from "../runtime/test-networks.js";

/** Undoes a failover that awaits its commit or has failed, so that the items are protected again (P7). */
export const cancelFailover: ExecutionWorkflow = function* (execution) {
  yield* runAllItems(execution, "restore-item");
  yield* removeLeftNetworks(execution);
};
