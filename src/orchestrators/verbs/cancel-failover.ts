import type { ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { runAllItems } from "../runtime/stages.js";
import { removeLeftNetworks } from "../runtime/test-networks.js";

/** Takes a failover that awaits its commit, or that failed, back to protection (P7). */
export const cancelFailover: ExecutionWorkflow = function* (execution) {
  yield* runAllItems(execution, "restore-item");
  yield* removeLeftNetworks(execution);
};
