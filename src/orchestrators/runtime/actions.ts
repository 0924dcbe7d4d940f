import { RecoveryError } from "../../domain/errors.js";
import { failoverTypeOf } from "../../domain/plans/failover-type.js";
import { afterAction } from "../../domain/plans/failure-policy.js";
import type { Action } from "../../domain/plans/plan.js";
import { delayAfter, RETRY_POLICIES } from "../../domain/retry-policies.js";
import type { OnFailure } from "../../domain/vocabulary.js";
import { callActivity, type Durable } from "../../durable/call.js";
import { failureOf } from "../../durable/refusal.js";
import { sleep } from "../../durable/wait.js";
import { callWebhook } from "../../executions/contracts.js";
import { actionStepId } from "../../steps/plan-steps.js";
import type { Decision } from "./contracts.js";
import type { ExecutionContext } from "./execution-workflow.js";
import { endUnlessContinued, resolveFailure } from "./failures.js";

type ManualAction = Extract<Action, { kind: "manual" }>;
type WebhookAction = Extract<Action, { kind: "webhook" }>;
type Confirmed = Extract<Decision, { kind: "confirm" }>;

/** Runs actions one after the other. One that fails ends the execution, unless the action or the plan says to go on. */
export function* runActions(execution: ExecutionContext, actions: readonly Action[], groupId: string): Durable<void> {
  for (const action of actions) {
    while ((yield* tryAction(execution, action, groupId)) === "retry");
  }
}

/** Runs one action, and returns what to do about its failure. */
function* tryAction(execution: ExecutionContext, action: Action, groupId: string): Durable<"retry" | OnFailure> {
  try {
    yield* execution.step(actionStepId(action.id), () => runAction(execution, action, groupId));
    return "continue";
  } catch (thrown) {
    const failure = failureOf(thrown);
    if (failure.code === "cancelled") throw thrown;
    const what = `the action "${action.name}" failed: ${failure.message}`;
    const next = yield* resolveFailure(execution, afterAction(execution.plan.policy, action), what);
    if (next !== "retry") execution.failedActions += 1;
    endUnlessContinued(execution, next, what);
    return next;
  }
}

function runAction(execution: ExecutionContext, action: Action, groupId: string): Durable<void> {
  return action.kind === "manual" ? awaitConfirmation(execution, action) : deliver(execution, action, groupId);
}

function* awaitConfirmation(execution: ExecutionContext, action: ManualAction): Durable<void> {
  execution.progress.awaitInput(actionStepId(action.id), action.instructions);
  const confirms = (made: Decision): made is Confirmed => made.kind === "confirm" && made.actionId === action.id;
  const confirmed = yield* execution.decide(confirms, action.timeLimitMinutes * 60_000);
  if (confirmed === undefined) throw new RecoveryError("time-limit", "nobody confirmed the action in time");
  const note = confirmed.note === "" ? "" : `: ${confirmed.note}`;
  if (!confirmed.done) throw new RecoveryError("action-failed", `${confirmed.by} declined it${note}`);
  execution.progress.note(actionStepId(action.id), `confirmed by ${confirmed.by}${note}`);
}

/** Posts the state of the execution to the action's address, and repeats it as its retries allow. */
function* deliver(execution: ExecutionContext, action: WebhookAction, groupId: string): Durable<void> {
  const policy = { ...RETRY_POLICIES.webhook, maxAttempts: action.retries + 1 };
  const { url, timeoutSeconds } = action;
  const payload = webhookPayload(execution, action, groupId);
  for (let attempt = 1; ; attempt += 1) {
    const input = { executionId: execution.plan.executionId, url, timeoutSeconds, payload };
    const answer = yield* callActivity(execution.context, callWebhook, input);
    if (answer.delivered) return;
    const delayMs = delayAfter(policy, attempt);
    if (delayMs === null) throw new RecoveryError("action-failed", `${answer.why} (${attempt} attempts)`);
    yield* sleep(execution.context, delayMs);
  }
}

/** Items that already run at the other site come with the point they run from. */
function webhookPayload({ plan, reports }: ExecutionContext, action: Action, groupId: string): Record<string, unknown> {
  const running = [...reports.values()].filter(({ outcome }) => outcome === "succeeded");
  return {
    executionId: plan.executionId,
    actionId: action.id,
    groupId,
    verb: plan.verb,
    failoverType: failoverTypeOf(plan.verb),
    direction: plan.direction,
    items: Object.fromEntries(running.map(({ itemId, point }) => [itemId, { recoveryPointId: point?.id ?? null }])),
  };
}
