import type { ExecutionWorkflow } from "../runtime/execution-workflow.js";
import { runAllItems } from "../runtime/stages.js";

/** Ends the protection of items that run at home. */
export const disableReplication: ExecutionWorkflow = (execution) => runAllItems(execution, "disable-item");

/** Protects unprotected items, by a full copy to the recovery site. */
export const enableReplication: ExecutionWorkflow = (execution) => runAllItems(execution, "enable-item");

/** Compares both copies of each item and sends what differs. */
export const resynchronise: ExecutionWorkflow = (execution) => runAllItems(execution, "resynchronise-item");
