import { activity } from "./activity.js";
import { findCancel as contract } from "./contracts/execution.js";

/** Reads whether the execution was cancelled, and how. */
export const findCancel = activity(contract, async ({ store }, { executionId }) => {
  const found = await store.getExecution(executionId);
  return { cancel: found?.value.cancelRequest ?? null };
});
