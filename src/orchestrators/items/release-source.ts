import { itemWorkflow, step } from "../runtime/item-workflow.js";

/** Shuts one source down and sends its last changes. Afterwards nothing can be lost. */
export const releaseSource = itemWorkflow({}, [
  step("shut-down-source", { failsWhenSkipped: true }),
  step("final-synchronise", { failsWhenSkipped: true }),
]);
