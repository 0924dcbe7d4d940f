import type { Durable } from "../../durable/call.js";
import { REMOVE_NETWORKS_STEP } from "../../steps/plan-steps.js";
import { awaitApprovalsOfGroups } from "../runtime/approvals.js";
import { type ExecutionWorkflow, requireRecovered } from "../runtime/execution-workflow.js";
import { shutDownSources } from "../runtime/shut-down-sources.js";
import { runAllItems, undoByRestoring } from "../runtime/stages.js";
import { removeNetworksOrNote, removeTestNetworks } from "../runtime/test-networks.js";
import { awaitValidation } from "../runtime/validation.js";

/** Makes a test failover the real one: its copies leave their isolated network and take the workload over. */
export const promoteTest: ExecutionWorkflow = function* (execution) {
  yield* awaitApprovalsOfGroups(execution);
  const items = execution.itemsToDo;
  const removeNetworks = function* (): Durable<void> {
    if (execution.touched) yield* removeTestNetworks(execution);
  };
  execution.undo.register(REMOVE_NETWORKS_STEP, removeNetworks, { evenWhenKept: true }); // nobody cleans up after a promotion
  undoByRestoring(execution);
  if (execution.plan.attemptShutdown) yield* shutDownSources(execution, { mustSucceed: false });
  yield* runAllItems(execution, "promote-test-item", items);
  requireRecovered(execution);
  yield* removeNetworksOrNote(execution);
  yield* awaitValidation(execution);
};
