import { callWebhook } from "../activities/contracts/execution.js";
import { RecoveryError } from "../domain/errors.js";
import { failoverTypeOf } from "../domain/itineraries.js";
import { afterAction } from "../domain/plans/failure-policy.js";
import type { Action } from "../domain/plans/plan.js";
import { delayAfter, RETRY_POLICIES } from "../domain/retry-policies.js";
import type { OnFailure } from "../domain/vocabulary.js";
import { callActivity, type Durable } from "../durable/call.js";
import { failureOf } from "../durable/refusal.js";
import { sleep } from "../durable/wait.js";
import type { Decision } from "./contracts.js";
import { endUnlessContinued, resolveFailure } from "./failures.js";
import type { Run } from "./run.js";
import { actionStepId } from "./step-ids.js";

type ManualAction = Extract<Action, { kind: "manual" }>;
type WebhookAction = Extract<Action, { kind: "webhook" }>;
type Confirmed = Extract<Decision, { kind: "confirm" }>;

/** Runs actions one after the other. One that fails ends the story, unless it or the plan says to go on. */
export function* runActions(run: Run, actions: readonly Action[], groupId: string): Durable<void> {
  for (const action of actions) {
    let next: "retry" | OnFailure;
    do next = yield* tryAction(run, action, groupId);
    while (next === "retry");
  }
}

/** Runs one action, and gives back what is done about its failure. */
function* tryAction(run: Run, action: Action, groupId: string): Durable<"retry" | OnFailure> {
  try {
    yield* run.step(actionStepId(action.id), () => runAction(run, action, groupId));
    return "continue";
  } catch (thrown) {
    const failure = failureOf(thrown);
    if (failure.code === "cancelled") throw thrown;
    const what = `the action "${action.name}" failed: ${failure.message}`;
    const next = yield* resolveFailure(run, afterAction(run.plan.policy, action), what);
    if (next !== "retry") run.failedActions += 1;
    endUnlessContinued(run, next, what);
    return next;
  }
}

function runAction(run: Run, action: Action, groupId: string): Durable<void> {
  return action.kind === "manual" ? awaitConfirmation(run, action) : deliver(run, action, groupId);
}

function* awaitConfirmation(run: Run, action: ManualAction): Durable<void> {
  run.progress.awaitInput(actionStepId(action.id), action.instructions);
  const confirms = (made: Decision): made is Confirmed => made.kind === "confirm" && made.actionId === action.id;
  const confirmed = yield* run.decide(confirms, action.timeLimitMinutes * 60_000);
  if (confirmed === undefined) throw new RecoveryError("time-limit", "nobody confirmed the action in time");
  const note = confirmed.note === "" ? "" : `: ${confirmed.note}`;
  if (!confirmed.done) throw new RecoveryError("action-failed", `${confirmed.by} declined it${note}`);
  run.progress.note(actionStepId(action.id), `confirmed by ${confirmed.by}${note}`);
}

/** Posts what is going on to the action's address, again and again as its retries allow. */
function* deliver(run: Run, action: WebhookAction, groupId: string): Durable<void> {
  const policy = { ...RETRY_POLICIES.webhook, maxAttempts: action.retries + 1 };
  const { url, timeoutSeconds } = action;
  const payload = contextOf(run, action, groupId);
  for (let attempt = 1; ; attempt += 1) {
    const input = { executionId: run.plan.executionId, url, timeoutSeconds, payload };
    const answer = yield* callActivity(run.context, callWebhook, input);
    if (answer.delivered) return;
    const delayMs = delayAfter(policy, attempt);
    if (delayMs === null) throw new RecoveryError("action-failed", `${answer.why} (${attempt} attempts)`);
    yield* sleep(run.context, delayMs);
  }
}

/** What an action's address is told. Items that already run at the other site come with the point they run from. */
function contextOf(run: Run, action: Action, groupId: string): Record<string, unknown> {
  const running = [...run.reports.values()].filter(({ outcome }) => outcome === "succeeded");
  return {
    executionId: run.plan.executionId,
    actionId: action.id,
    groupId,
    verb: run.plan.verb,
    failoverType: failoverTypeOf(run.plan.verb),
    direction: run.plan.direction,
    items: Object.fromEntries(running.map(({ itemId, point }) => [itemId, { recoveryPointId: point?.id ?? null }])),
  };
}
