import { itemWorkflow, step } from "../runtime/item-workflow.js";

/** Shuts one source down and sends what it still has; afterwards nothing can be lost. */
export const releaseSource = itemWorkflow({}, [step("shut-down-source"), step("final-synchronise")]);
