import { ROUTES } from "../api/routes.js";
import { cancelExecution, confirmAction, resolveFailure, validateExecution } from "../commands/decisions.js";
import { type ExecutionView, listExecutions, viewExecution } from "../commands/execution-view.js";
import type { Execution, Failure } from "../domain/execution.js";
import type { ExecutionStatus } from "../domain/vocabulary.js";
import { type EstateTimes, recordedTimesOf } from "./estate-times.js";
import { acceptedFor, pageRequest, serve } from "./serve.js";

serve(ROUTES.listExecutions, async (context, { query }) => {
  const { entries, ...rest } = await listExecutions(context, pageRequest(query));
  return { body: { ...rest, entries: entries.map(({ execution, status }) => summaryOf(execution, status)) } };
});

serve(ROUTES.getExecution, async (context, { params }) => {
  const view = await viewExecution(context, params.executionId);
  const { worldId, requestedAt } = view.execution;
  return { body: answerOf(view, await recordedTimesOf(context, worldId, requestedAt)) };
});

serve(ROUTES.validate, async (context, { params, body }) => {
  const { verdict, by, reason = "" } = body;
  await validateExecution(context, params.executionId, { verdict, by, reason });
  return acceptedFor(params.executionId);
});

serve(ROUTES.confirm, async (context, { params, body }) => {
  const { actionId, done, by, note = "" } = body;
  await confirmAction(context, params.executionId, { actionId, done, by, note });
  return acceptedFor(params.executionId);
});

serve(ROUTES.resolve, async (context, { params, body }) => {
  const { ask, answer, by, reason = "" } = body;
  await resolveFailure(context, params.executionId, { ask, answer, by, reason });
  return acceptedFor(params.executionId);
});

serve(ROUTES.cancel, async (context, { params, body }) => {
  await cancelExecution(context, params.executionId, { behaviour: body.behaviour, by: body.by, reason: body.reason });
  return acceptedFor(params.executionId);
});

/** What a list shows: the items and their outcomes are read with the execution itself. */
function summaryOf(execution: Execution, status: ExecutionStatus) {
  const { executionId, worldId, subject, verb, direction, requestedBy, requestedAt } = execution;
  return {
    ...{ executionId, worldId, subject, verb, direction, status, requestedBy, requestedAt },
    ...("endedAt" in execution && { endedAt: execution.endedAt }),
    ...("failure" in execution && { failure: codeAndMessageOf(execution.failure) }),
  };
}

/** Internal fields are left out. Its status also shows whether it was admitted. */
function withStatus(execution: Execution, status: ExecutionStatus) {
  const { idempotencyKey: _key, status: _recorded, admission: _admission, ...rest } = execution;
  return { ...rest, status };
}

function answerOf({ execution, status, summary, ...rest }: ExecutionView, times: EstateTimes) {
  const { outcomes, ...record } = { outcomes: undefined, ...withStatus(execution, status) };
  const clock = times.clock;
  return { summary, ...record, ...(outcomes && { outcomes: times.outcomes(outcomes) }), ...rest, clock };
}

/** The details of a failure are read with the execution itself. */
const codeAndMessageOf = ({ code, message }: Failure) => ({ code, message });
