import { ROUTES } from "../api/routes.js";
import { asReadBy } from "../commands/as-read-by.js";
import { completeAction } from "../commands/call-backs.js";
import { cancelCommitTimer, extendCommitTimer } from "../commands/commit-timer.js";
import {
  cancelExecution,
  confirmAction,
  continueWithout,
  resolveFailure,
  validateExecution,
} from "../commands/decisions.js";
import { type ExecutionView, listExecutions, viewExecution } from "../commands/execution-view.js";
import type { Execution, Failure, ItemOutcome } from "../domain/execution.js";
import { switchOf } from "../domain/steering/in-force.js";
import type { ExecutionStatus } from "../domain/vocabulary.js";
import { EstateTimes } from "./estate-times.js";
import { acceptedFor, pageRequest, serve } from "./serve.js";

serve(ROUTES.listExecutions, async (context, { query, caller }) => {
  const { entries, ...rest } = await listExecutions(asReadBy(context, caller), pageRequest(query));
  return { body: { ...rest, entries: entries.map(({ execution, status }) => summaryOf(execution, status)) } };
});

serve(ROUTES.getExecution, async (context, { params }) => {
  const { estateClock, ...view } = await viewExecution(context, params.executionId);
  return { body: answerOf(view, new EstateTimes(estateClock, context.clock.now())) };
});

serve(ROUTES.validate, async (context, { params, body, caller }) => {
  const { verdict, reason = "" } = body;
  await validateExecution(context, params.executionId, { verdict, by: caller.person, reason });
  return acceptedFor(params.executionId);
});

serve(ROUTES.confirm, async (context, { params, body, caller }) => {
  const { actionId, ask, done, note = "" } = body;
  await confirmAction(context, params.executionId, { actionId, ask, done, by: caller.person, note });
  return acceptedFor(params.executionId);
});

serve(ROUTES.completeAction, async (context, { params: { executionId, actionId }, body }) => {
  const { token, done, detail = "" } = body;
  await completeAction(context, executionId, { actionId, token, done, detail });
  return acceptedFor(executionId);
});

serve(ROUTES.resolve, async (context, { params, body, caller }) => {
  const { ask, answer, reason = "" } = body;
  await resolveFailure(context, params.executionId, { ask, answer, by: caller.person, reason });
  return acceptedFor(params.executionId);
});

serve(ROUTES.continueWithout, async (context, { params, body, caller }) => {
  const { itemIds, reason = "" } = body;
  await continueWithout(context, params.executionId, { itemIds, by: caller.person, reason });
  return acceptedFor(params.executionId);
});

serve(ROUTES.cancel, async (context, { params, body, caller }) => {
  await cancelExecution(context, params.executionId, {
    behaviour: body.behaviour,
    by: caller.person,
    reason: body.reason,
  });
  return acceptedFor(params.executionId);
});

serve(ROUTES.cancelCommitTimer, async (context, { params, body, caller }) => {
  await cancelCommitTimer(context, params.executionId, { by: caller.person, reason: body.reason });
  return acceptedFor(params.executionId);
});

serve(ROUTES.extendCommitTimer, async (context, { params, body, caller }) => {
  const { until, reason } = body;
  await extendCommitTimer(context, params.executionId, { by: caller.person, reason, until });
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
function recordOf(execution: Execution) {
  const {
    idempotencyKey: _key,
    status: _recorded,
    admission: _admission,
    callBackSecret: _secret,
    openingAt: _opening,
    ...rest
  } = execution;
  return { outcomes: undefined, ...rest };
}

/** What a person needs first comes first. A machine that is down on both sides runs nowhere, whatever was recorded. */
function answerOf(view: Omit<ExecutionView, "estateClock">, times: EstateTimes) {
  const { execution, summary, status, steps, ...rest } = view;
  const { outcomes, ...record } = recordOf(execution);
  const clock = times.clock;
  const runsAt = ({ itemId, activeSiteId }: ItemOutcome) =>
    rest.downOnBothSides.includes(itemId) ? null : (activeSiteId ?? null);
  const placed = outcomes?.map((outcome) => ({ ...times.outcome(outcome), activeSiteId: runsAt(outcome) }));
  const switched = switchOf(execution);
  const switchedToUnplanned = switched && { person: switched.person, reason: switched.reason, at: switched.at };
  return {
    ...{ summary, status, ...rest },
    ...(switchedToUnplanned && { switchedToUnplanned }),
    ...(placed && { outcomes: placed }),
    ...{ ...record, clock, steps },
  };
}

/** The details of a failure are read with the execution itself. */
const codeAndMessageOf = ({ code, message }: Failure) => ({ code, message });
