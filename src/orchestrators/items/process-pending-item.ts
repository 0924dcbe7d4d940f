import { itemWorkflow, step } from "../runtime/item-workflow.js";

/** Makes a recovery point of everything that one item has received (P4, `latest`). */
export const processPendingItem = itemWorkflow({}, [
  step("process-pending-data", { onResult: ({ findings }, { point }) => Object.assign(findings, { point }) }),
]);
