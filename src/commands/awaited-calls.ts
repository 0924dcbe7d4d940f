import type { Execution, Step } from "../domain/execution.js";
import { isCancellable, type NextStep } from "../domain/executions/next-steps.js";
import { ASK_LIMIT_MS } from "../domain/plans/failure-policy.js";
import type { Plan } from "../domain/plans/plan.js";
import { planActions } from "../domain/plans/plan-rules.js";
import { movedMs, pauseOf } from "../domain/steering/in-force.js";
import { toInstant, toMs } from "../domain/text.js";
import { actionStepId, askStepId, callBackStepId, VALIDATION_STEP } from "../steps/plan-steps.js";
import type { AwaitedTimer } from "./awaited-timer.js";
import { type StuckStep, stuckInWords } from "./stuck-steps.js";
import { type Who, whoCanAnswer } from "./who-can-end.js";

/** What a running execution waits for: a person, or the receiver of a webhook that promised to call back. */
export type Awaited =
  | { kind: "confirm"; actionId: string; ask: number; asks: string }
  | { kind: "call-back"; actionId: string; ask: number; asks: string }
  | { kind: "resolve"; ask: number; asks: string }
  | { kind: "validate"; asks: string }
  | { kind: "approval"; requirementId: string; round: number; asks: string };

export type AwaitedApproval = Extract<Awaited, { kind: "approval" }>;

/** What a person is asked, with its limits in real time and the call that answers it. */
export type AwaitedQuestion = Exclude<Awaited, AwaitedApproval> & Limits;

/** An approval that is awaited. */
export type ApprovalAwaited = AwaitedApproval &
  Limits & {
    approvalId: string;
    hash: string | null;
    /** Null while the record of the approval cannot be read. */
    who: Who | null;
    /** The latest end that an extension can give it. */
    latest: string | null;
  };

interface Limits {
  /** The step that waits. */
  stepId: string;
  since: string | null;
  /** When nobody is asked any more; null if it is not known. */
  until: string | null;
  /** What happens then. */
  onExpiry: string | null;
  call: Pick<NextStep, "method" | "path" | "body">;
}

/** A pause, which lasts until a person ends it. */
export interface AwaitedResume {
  kind: "paused";
  asks: string;
  stepId: null;
  since: string;
  until: null;
  onExpiry: null;
  pausedBy: string;
  reason: string;
  call: Pick<NextStep, "method" | "path" | "body">;
}

/** Everything that a person can decide about a running execution. */
export type AwaitedCall = AwaitedQuestion | ApprovalAwaited | StuckStep | AwaitedResume | AwaitedTimer;

/** The same, with whoever can end it. */
export type NamedWait = AwaitedCall & { who: Who | null };

/** Names for each wait who can end it. An approval knows that itself. */
export const namedWaits = ({ verb }: Pick<Execution, "verb">, awaits: readonly AwaitedCall[]): NamedWait[] =>
  awaits.map((awaited) => (awaited.kind === "approval" ? awaited : { ...awaited, who: whoCanAnswer(verb) }));

interface Limit {
  stepId: string;
  limitMs: number | null;
  onExpiry: string;
  call: Pick<NextStep, "path" | "body">;
}

/** The pause in force, if there is one. What was under way when it began goes on to its end. */
export function awaitedResume(execution: Execution): AwaitedResume[] {
  const pause = pauseOf(execution);
  if (pause === null) return [];
  const { person, reason, at } = pause;
  const asks = `${person} paused it${reason === "" ? "" : `: ${reason}`}. Steps under way end; no other begins.`;
  const call = { method: "POST", path: `/api/executions/${execution.executionId}/resume`, body: {} } as const;
  const nobody = { stepId: null, until: null, onExpiry: null };
  return [{ kind: "paused", asks, ...nobody, since: at, pausedBy: person, reason, call }];
}

export function withCalls(
  execution: Execution,
  plan: Plan | null,
  own: readonly Step[],
  awaits: readonly Exclude<Awaited, AwaitedApproval>[],
  nowMs: number,
): AwaitedQuestion[] {
  return awaits.map((awaited) => {
    const { stepId, limitMs, onExpiry, call } = limitOf(awaited, plan);
    const since = own.findLast(({ id }) => id === stepId)?.startedAt ?? null;
    const moved = since === null ? 0 : movedMs(execution, (id) => id === stepId, toMs(since), nowMs);
    const until = since === null || limitMs === null ? null : toInstant(toMs(since) + limitMs + moved);
    const path = `/api/executions/${execution.executionId}/${call.path}`;
    return {
      ...awaited,
      stepId,
      since,
      until,
      onExpiry: until === null ? null : onExpiry,
      call: { ...call, method: "POST", path },
    };
  });
}

function limitOf(awaited: Exclude<Awaited, AwaitedApproval>, plan: Plan | null): Limit {
  switch (awaited.kind) {
    case "confirm":
    case "call-back": {
      const { actionId, ask } = awaited;
      const action =
        plan === null ? undefined : planActions(plan).find((placed) => placed.action.id === actionId)?.action;
      return {
        stepId: awaited.kind === "confirm" ? actionStepId(actionId, ask) : callBackStepId(actionId, ask),
        limitMs: action?.timeLimitMinutes === undefined ? null : action.timeLimitMinutes * 60_000,
        onExpiry: "the action counts as failed",
        call: { path: "confirm", body: { actionId, ask } },
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
  const stuck = awaits.filter((awaited) => awaited.kind === "continue-without");
  const questions = awaits.filter((awaited) => awaited.kind !== "continue-without" && awaited.kind !== "commit-timer");
  const calls = [
    ...questions.map(
      ({ kind, asks, call }): NextStep => ({ verb: kind === "paused" ? "resume" : kind, why: asks, ...call }),
    ),
    ...continueWithoutCalls(execution, stuck),
  ];
  return cancelRequest === undefined && isCancellable(verb) ? [...calls, cancel] : calls;
}

/** One call for all machines that are stuck; `awaits` has a call for each of them. */
function continueWithoutCalls({ executionId, verb }: Execution, stuck: readonly StuckStep[]): NextStep[] {
  const itemIds = [...new Set(stuck.map(({ itemId }) => itemId))];
  if (itemIds.length === 0) return [];
  const path = `/api/executions/${executionId}/continue-without`;
  return [
    { verb: "continue-without", why: stuckInWords(stuck, verb), method: "POST", path, body: { itemIds }, itemIds },
  ];
}
