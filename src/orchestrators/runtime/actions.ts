/**
 * Actions: what people and other systems do before and after a stage.
 *
 * - C1 A webhook is called again only after the call before it has ended or was given up, and after a back-off. All
 *   calls carry one id and their own number. (test/orchestrators/actions.test.ts)
 * - C2 An action that calls back ends with its call-back or with its time limit, whichever is first.
 *   (test/orchestrators/call-backs.test.ts)
 * - C3 A confirmation is of one action and of one time that it was asked for. (test/orchestrators/decisions.test.ts)
 * - C4 An action that a person skips ends at once, as skipped. (test/orchestrators/skip.test.ts)
 */
import type { Decision } from "../../domain/decisions.js";
import { RecoveryError } from "../../domain/errors.js";
import { failoverTypeOf } from "../../domain/plans/failover-type.js";
import { afterAction } from "../../domain/plans/failure-policy.js";
import type { ActionOf, StageAction, StageVerb } from "../../domain/plans/plan.js";
import { delayAfter, RETRY_POLICIES } from "../../domain/retry-policies.js";
import { defined } from "../../domain/text.js";
import type { OnFailure } from "../../domain/vocabulary.js";
import type { Durable } from "../../durable/call.js";
import { failureOf } from "../../durable/refusal.js";
import { callWebhook, type ExecutionItem } from "../../executions/contracts.js";
import { actionStepId, callBackStepId } from "../../steps/plan-steps.js";
import { awaitApprovals } from "./approvals.js";
import type { ExecutionContext } from "./execution-workflow.js";
import { endUnlessContinued, resolveFailure } from "./failures.js";
import { actAsSteered, catchUpIfBehind } from "./steering.js";

type WebhookAction = ActionOf<"webhook">;
type Confirmed = Extract<Decision, { kind: "confirm" }>;

/** One time that an action runs: where, and the how-manieth time somebody asks for it. */
interface Turn<A> {
  action: A;
  ask: number;
  /** The group, or the stage, that the action belongs to. */
  groupId: string;
  /** Nothing is left to do after it that its failure could stop. */
  isLast: boolean;
}

/**
 * Runs actions one after the other. One that fails ends the execution, unless the action or the plan says to go on, or
 * nothing is left to do.
 */
export function* runActions(
  execution: ExecutionContext,
  actions: readonly StageAction[],
  groupId: string,
  { areLast = false } = {},
): Durable<void> {
  for (const [at, action] of actions.entries()) {
    const isLast = areLast && at === actions.length - 1;
    yield* catchUpIfBehind(execution);
    const point = { kind: "action", actionId: action.id } as const;
    if ((yield* awaitApprovals(execution, point, () => itemsOf(execution))) === "skipped") {
      execution.progress.skip(actionStepId(action.id), "it was not approved");
      continue;
    }
    for (let ask = 1; (yield* tryAction(execution, { action, ask, groupId, isLast })) === "retry"; ask += 1);
  }
}

const itemsOf = (execution: ExecutionContext): ExecutionItem[] =>
  execution.plan.groups.flatMap((group) => execution.itemsToBringUp(group));

/** Does what a verb does, with the plan's actions for that verb before and after. */
export function* withActions(execution: ExecutionContext, verb: StageVerb, body: () => Durable<void>): Durable<void> {
  const { before, after } = execution.plan.actions[verb];
  yield* runActions(execution, before, verb);
  yield* body();
  yield* runActions(execution, after, verb, { areLast: execution.plan.verb === verb });
}

/** Runs one action, and returns what to do about its failure. */
function* tryAction(execution: ExecutionContext, turn: Turn<StageAction>): Durable<"retry" | OnFailure> {
  const { action, ask, isLast } = turn;
  try {
    yield* execution.step(actionStepId(action.id, ask), () => runAction(execution, turn));
    return "continue";
  } catch (thrown) {
    const failure = failureOf(thrown);
    if (failure.code === "cancelled") throw thrown;
    if (failure.code === "skipped") return endSkipped(execution, turn, failure.message);
    const what = `the action "${action.name}" failed: ${failure.message}`;
    const next = yield* resolveFailure(execution, afterAction(execution.plan.policy, action), what);
    if (next !== "retry") execution.failedActions += 1;
    if (!isLast || next !== "stop") endUnlessContinued(execution, next, what);
    return next;
  }
}

/** The execution goes on as after a success; the step says who skipped it. */
function endSkipped({ progress }: ExecutionContext, { action, ask }: Turn<StageAction>, why: string): "continue" {
  for (const id of [callBackStepId(action.id, ask), actionStepId(action.id, ask)]) progress.end(id, "skipped", why);
  return "continue";
}

function runAction(execution: ExecutionContext, { action, ...turn }: Turn<StageAction>): Durable<void> {
  return action.kind === "manual"
    ? awaitConfirmation(execution, { action, ...turn })
    : deliver(execution, { action, ...turn });
}

const questionOf = ({ action, ask }: Turn<StageAction>) => ({ kind: "confirm", actionId: action.id, ask }) as const;

function* awaitConfirmation(execution: ExecutionContext, turn: Turn<ActionOf<"manual">>): Durable<void> {
  const { action, ask } = turn;
  const id = actionStepId(action.id, ask);
  const limitMs = action.timeLimitMinutes * 60_000;
  const confirmed = yield* execution.ask(id, questionOf(turn), action.instructions, limitMs);
  if (confirmed === undefined) throw new RecoveryError("time-limit", "nobody confirmed the action in time");
  execution.progress.note(id, conclude(confirmed));
}

/** Says who confirmed; throws when it was declined. */
function conclude({ done, skipped, by, note }: Confirmed): string {
  const why = note === "" ? "" : `: ${note}`;
  if (skipped) throw new RecoveryError("skipped", `skipped by ${by}${why}`);
  if (!done) throw new RecoveryError("action-failed", `${by} declined it${why}`);
  return `confirmed by ${by}${why}`;
}

/**
 * Posts the state of the execution to the action's address, and repeats that as its retries allow. A call that timed
 * out may still run at the receiver, so it gets as long again to end before the next one.
 */
function* deliver(execution: ExecutionContext, turn: Turn<WebhookAction>): Durable<void> {
  const { action, ask } = turn;
  const { url, secret, timeoutSeconds, retries, timeLimitMinutes } = action;
  const callBack = timeLimitMinutes === undefined ? null : { actionId: action.id, ask, timeLimitMinutes };
  const payload = webhookPayload(execution, turn);
  const { executionId } = execution.plan;
  for (let attempt = 1; ; attempt += 1) {
    const number = (ask - 1) * (retries + 1) + attempt; // a person who answers `retry` repeats the same call
    const input = {
      executionId,
      key: actionStepId(action.id),
      attempt: number,
      url,
      ...defined({ secret }),
      timeoutSeconds,
      payload,
      callBack,
    };
    const answer = yield* actAsSteered(execution, callWebhook, input);
    if (answer.delivered) return answer.status === 202 ? yield* awaitCallBack(execution, turn) : undefined;
    const delayMs = delayAfter({ ...RETRY_POLICIES.webhook, maxAttempts: retries + 1 }, attempt);
    if (delayMs === null) throw new RecoveryError("action-failed", `${answer.why} (${attempt} attempts)`);
    const waitMs = Math.max(delayMs, answer.timedOut ? timeoutSeconds * 1_000 : 0);
    const called = yield* execution.decide(questionOf(turn), waitMs); // the call that timed out may call back
    if (called !== undefined) return execution.progress.note(actionStepId(action.id, ask), conclude(called));
  }
}

/** Waits for the call-back of a receiver that answered 202. Without a time limit it was not asked to call back. */
function* awaitCallBack(execution: ExecutionContext, turn: Turn<WebhookAction>): Durable<void> {
  const { action, ask } = turn;
  const { timeLimitMinutes, url } = action;
  if (timeLimitMinutes === undefined) return;
  const id = callBackStepId(action.id, ask);
  const limitMs = timeLimitMinutes * 60_000;
  yield* execution.step(id, function* () {
    const sinceMs = execution.context.df.currentUtcDateTime.getTime();
    const until = new Date(sinceMs + limitMs).toISOString();
    execution.progress.awaitInput(id, `${new URL(url).host} works on it and calls back, until ${until} at the latest.`);
    const called = yield* execution.awaitAnswer(questionOf(turn), { stepId: id, sinceMs, limitMs });
    if (called === undefined) throw new RecoveryError("time-limit", `no call-back came in ${timeLimitMinutes} minutes`);
    execution.progress.note(id, conclude(called));
  });
}

/** Items that already run at the other site come with the point they run from. */
function webhookPayload(execution: ExecutionContext, { action, groupId }: Turn<StageAction>) {
  const { plan, reports } = execution;
  const running = [...reports.values()].filter(({ outcome }) => outcome === "succeeded");
  return {
    executionId: plan.executionId,
    plan: plan.plan,
    actionId: action.id,
    groupId,
    verb: plan.verb,
    failoverType: failoverTypeOf(execution.steering.verbInForce(plan.verb)),
    direction: plan.direction,
    items: Object.fromEntries(running.map(({ itemId, point }) => [itemId, { recoveryPointId: point?.id ?? null }])),
  };
}
