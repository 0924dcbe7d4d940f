import * as contracts from "../executions/contracts.js";
import { endExecution } from "../executions/end-execution.js";
import { closedQuestion } from "../executions/expire-question.js";
import { openedExecution } from "../executions/open-execution.js";
import { settleItems as settle } from "../executions/settle-items.js";
import { activity } from "./activity.js";

export const openExecution = activity(contracts.openExecution, (ports, { executionId }) =>
  openedExecution(ports, executionId),
);

/** Reads whether the execution was cancelled, and how. */
export const findCancel = activity(contracts.findCancel, async ({ store }, { executionId }) => {
  const found = await store.getExecution(executionId);
  return { cancel: found?.value.cancelRequest ?? null };
});

export const expireQuestion = activity(contracts.expireQuestion, async (ports, { executionId, question }) => ({
  decision: await closedQuestion(ports, executionId, question),
}));

export const settleItems = activity(contracts.settleItems, async (ports, settling) => {
  await settle(ports, settling);
  return {};
});

export const closeExecution = activity(contracts.closeExecution, async (ports, closing) => {
  await endExecution(ports, closing);
  return {};
});
