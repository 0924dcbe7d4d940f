import { revisionOf } from "../domain/steering/in-force.js";
import * as contracts from "../executions/contracts.js";
import { endExecution } from "../executions/end-execution.js";
import { closedQuestion } from "../executions/expire-question.js";
import { openedExecution } from "../executions/open-execution.js";
import { steeringNews } from "../executions/read-steering.js";
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

export const expireQuestion = activity(contracts.expireQuestion, (ports, input) => closedQuestion(ports, input));

export const readSteering = activity(contracts.readSteering, (ports, input) => steeringNews(ports, input));

export const settleItems = activity(contracts.settleItems, async (ports, settling) => {
  await settle(ports, settling);
  const hasFailed = settling.items.some(({ report }) => report.outcome === "failed");
  const execution = await ports.steeringOf(settling.executionId, hasFailed);
  const revision = execution === null ? 0 : revisionOf(execution);
  return revision === 0 ? {} : { revision };
});

export const closeExecution = activity(contracts.closeExecution, async (ports, closing) => {
  await endExecution(ports, closing);
  return {};
});
