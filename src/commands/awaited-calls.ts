import type { Execution, Step } from "../domain/execution.js";
import { isCancellable, type NextStep } from "../domain/executions/next-steps.js";
import { ASK_LIMIT_MS } from "../domain/plans/failure-policy.js";
import type { Plan } from "../domain/plans/plan.js";
import { planActions } from "../domain/plans/plan-rules.js";
import { toInstant, toMs } from "../domain/text.js";
import { actionStepId, askStepId, VALIDATION_STEP } from "../steps/plan-steps.js";

/** What a running execution waits for from a person. */
export type Awaited =
  | { kind: "confirm"; actionId: string; asks: string }
  | { kind: "resolve"; ask: number; asks: string }
  | { kind: "validate"; asks: string };

/** What a person is asked, with its limits in real time and the call that answers it. */
export type AwaitedCall = Awaited & {
  since: string | null;
  /** When nobody is asked any more; null if it is not known. */
  until: string | null;
  /** What happens then. */
  onExpiry: string | null;
  call: Pick<NextStep, "method" | "path" | "body">;
};

interface Limit {
  stepId: string;
  limitMs: number | null;
  onExpiry: string;
  call: Pick<NextStep, "path" | "body">;
}

export function withCalls(
  { executionId }: Execution,
  plan: Plan | null,
  own: readonly Step[],
  awaits: readonly Awaited[],
): AwaitedCall[] {
  return awaits.map((awaited) => {
    const { stepId, limitMs, onExpiry, call } = limitOf(awaited, plan);
    const since = own.findLast(({ id }) => id === stepId)?.startedAt ?? null;
    const until = since === null || limitMs === null ? null : toInstant(toMs(since) + limitMs);
    const path = `/api/executions/${executionId}/${call.path}`;
    return {
      ...awaited,
      since,
      until,
      onExpiry: until === null ? null : onExpiry,
      call: { ...call, method: "POST", path },
    };
  });
}

function limitOf(awaited: Awaited, plan: Plan | null): Limit {
  switch (awaited.kind) {
    case "confirm": {
      const { actionId } = awaited;
      const action =
        plan === null ? undefined : planActions(plan).find((placed) => placed.action.id === actionId)?.action;
      return {
        stepId: actionStepId(actionId),
        limitMs: action?.kind === "manual" ? action.timeLimitMinutes * 60_000 : null,
        onExpiry: "the action counts as failed",
        call: { path: "confirm", body: { actionId } },
      };
    }
    case "resolve":
      return {
        stepId: askStepId(awaited.ask),
        limitMs: ASK_LIMIT_MS,
        onExpiry: "the execution stops",
        call: { path: "resolve", body: { ask: awaited.ask, answer: "retry" } },
      };
    case "validate":
      return {
        stepId: VALIDATION_STEP,
        limitMs: plan === null ? null : plan.validation.timeLimitMinutes * 60_000,
        onExpiry:
          plan?.validation.onExpiry === "undo"
            ? "the failover is undone"
            : "the execution fails and the machines are kept",
        call: { path: "validate", body: { verdict: "accept" } },
      };
  }
}

/** The calls that are possible while an execution runs: what it waits for, and to cancel it. */
export function callsWhileRunning(execution: Execution, awaits: readonly AwaitedCall[]): NextStep[] {
  const { executionId, verb, cancelRequest } = execution;
  const cancel: NextStep = {
    verb: "cancel",
    why: "undoes what was done, so that the machines are protected again",
    method: "POST",
    path: `/api/executions/${executionId}/cancel`,
    body: {},
  };
  const answers = awaits.map(({ kind, asks, call }): NextStep => ({ verb: kind, why: asks, ...call }));
  return cancelRequest === undefined && isCancellable(verb) ? [...answers, cancel] : answers;
}
