/**
 * Decisions of people on a running execution, and of receivers of webhooks that call back.
 *
 * - D1 A decision is recorded before the execution hears of it. The first one on a question stands: two at once, and
 *   exactly one is acknowledged. (test/orchestrators/decisions.test.ts)
 * - D2 A decision that can have no effect is refused, and the refusal says who decided first, what and when. The same
 *   answer again is no second decision. (test/orchestrators/decisions.test.ts)
 * - D3 A recorded decision reaches the execution even if its event was lost: the sweep raises it again.
 *   (test/orchestrators/decisions.test.ts)
 * - D4 A decision is on one question. It is never taken for the next one. (test/orchestrators/decisions.test.ts)
 * - D5 A question whose time is over is closed in the record too, so a decision that is too late is refused.
 *   (test/orchestrators/decisions.test.ts)
 */
import {
  answerOf,
  type Decision,
  decisionOn,
  inWords,
  type RecordedDecision,
  whoDecided,
} from "../domain/decisions.js";
import { RecoveryError } from "../domain/errors.js";
import { type CancelRequest, type Execution, MAX_DECISIONS } from "../domain/execution.js";
import { cancellation, transitionOf } from "../domain/items/lifecycle.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import { toInstant } from "../domain/text.js";
import type { FailureAnswer, StepStatus } from "../domain/vocabulary.js";
import type { InstanceView } from "../durable/client.js";
import { DECISION_EVENT, type DecisionEvent } from "../orchestrators/runtime/contracts.js";
import { actionStepId, askStepId, callBackStepId, VALIDATION_STEP } from "../steps/plan-steps.js";
import { type Tagged, updateWithRetry } from "../store/port.js";
import type { Context } from "./context.js";
import { viewExecution } from "./execution-view.js";
import { hasEndedEarly } from "./instance-status.js";
import { givenUpItems, nameOf } from "./stuck-steps.js";
import { wakeItemOrchestrations } from "./wake-item-orchestrations.js";

/** Accepts or rejects the recovered application; rejecting undoes the failover. */
export const validateExecution = (
  context: Context,
  executionId: string,
  { verdict, by, reason }: { verdict: "accept" | "reject"; by: string; reason: string },
): Promise<void> => decide(context, executionId, { kind: "validate", verdict, by, reason });

/** Confirms an action as done, or declines it. An action that is asked for again has another `ask`. */
export const confirmAction = (
  context: Context,
  executionId: string,
  { actionId, ask, done, by, note }: { actionId: string; ask: number; done: boolean; by: string; note: string },
): Promise<void> => decide(context, executionId, { kind: "confirm", actionId, ask, done, by, note });

/** Answers the question what to do about a failure. */
export const resolveFailure = (
  context: Context,
  executionId: string,
  { ask, answer, by, reason }: { ask: number; answer: FailureAnswer; by: string; reason: string },
): Promise<void> => decide(context, executionId, { kind: "resolve", ask, answer, by, reason });

/**
 * Records a decision and raises it. Every request that repeats it raises it again. One that is `early` may come while
 * its step still runs: a receiver may call back before its answer to the call is known here.
 */
export async function decide(
  context: Context,
  executionId: string,
  decision: Decision,
  { early = false } = {},
): Promise<void> {
  await raise(context, executionId, await record(context, executionId, decision, early));
}

/** Writes a decision into the record, and gives back the one that stands on its question: the first. */
function record(context: Context, executionId: string, decision: Decision, early: boolean): Promise<Decision> {
  return updateWithRetry(
    () => requireExecution(context, executionId),
    async ({ value, etag }) => {
      const earlier = decisionOn(value.decisions, decision);
      if (earlier !== undefined) return { answer: requireSame(earlier, decision) };
      requireRunning(value);
      requireUncancelled(value);
      await requireAwaited(context, executionId, decision, early);
      const recorded = { decision, decidedAt: toInstant(context.clock.now()) };
      const decisions = [...(value.decisions ?? []), recorded].slice(-MAX_DECISIONS);
      return { answer: decision, write: () => context.store.updateWatched({ ...value, decisions }, etag) };
    },
  );
}

function requireSame(earlier: RecordedDecision, decision: Decision): Decision {
  const stands = earlier.decision;
  if (stands.kind !== "expired" && answerOf(stands) === answerOf(decision)) return stands;
  throw new RecoveryError("decided-already", `${whoDecided(earlier)}; "${answerOf(decision)}" has no effect any more`);
}

function requireUncancelled({ cancelRequest }: Execution): void {
  if (cancelRequest === undefined) return;
  throw new RecoveryError(
    "decided-already",
    `${cancelInWords(cancelRequest)}; no other decision has an effect any more`,
  );
}

const cancelInWords = ({ requestedBy, behaviour, requestedAt }: CancelRequest): string =>
  `${requestedBy} cancelled the execution (${behaviour}) at ${requestedAt}`;

/**
 * Raises recorded decisions that the execution still waits for, because the request that recorded them may have died
 * before it raised them. Returns whether there were any.
 * @param isTime whether a decision of that time is raised again now
 */
export async function raiseUnheardDecisions(
  context: Context,
  { executionId, decisions = [] }: Execution,
  instance: InstanceView,
  isTime: (decidedAt: string) => boolean,
): Promise<boolean> {
  const unheard = decisions.flatMap(({ decision, decidedAt }) =>
    decision.kind !== "expired" && isAwaited(instance, decision) && isTime(decidedAt) ? [decision] : [],
  );
  for (const decision of unheard) await raise(context, executionId, decision);
  return unheard.length > 0;
}

/**
 * Continues without machines whose steps are stuck; without `itemIds`, without all of them. Each of those steps ends at
 * once with `continued-without`. Safe to repeat: a machine that was given up before is passed over.
 */
export async function continueWithout(
  context: Context,
  executionId: string,
  made: { itemIds: readonly string[] | undefined; by: string; reason: string },
): Promise<void> {
  const { execution, awaits, steps } = await viewExecution(context, executionId);
  requireRunning(execution);
  const stuck = awaits.filter((awaited) => awaited.kind === "continue-without");
  const givenUp = givenUpItems(steps);
  const asked = new Set(made.itemIds ?? stuck.map(({ itemId }) => itemId));
  const others = [...asked].filter((id) => !givenUp.has(id) && !stuck.some(({ itemId }) => itemId === id));
  if (others.length > 0 || (asked.size === 0 && givenUp.size === 0)) {
    const which = others.length === 0 ? "no step" : `no step of ${others.join(", ")}`;
    const now = stuck.map(({ itemId, title }) => `${itemId} is stuck at "${title}"`);
    throw new RecoveryError(
      "nothing-awaited",
      `${which} of execution ${executionId} hangs or takes unusually long`,
      now,
    );
  }
  const because = `${made.by} decided to continue without it${made.reason === "" ? "" : `: ${made.reason}`}`;
  const without = stuck
    .filter(({ itemId }) => asked.has(itemId))
    .map(({ itemId, stepId }) => ({ key: itemId, step: nameOf(stepId), because }));
  if (without.length > 0) await wakeItemOrchestrations(context, executionId, { without });
}

/**
 * Cancels an execution. The cancel is noted in the record first, so that no step begins any more, and then raised as
 * an event: the execution undoes what was done, or only stops when asked `as-documented` (P7).
 */
export async function cancelExecution(
  context: Context,
  executionId: string,
  made: { behaviour: CancelRequest["behaviour"]; by: string; reason: string | undefined },
): Promise<void> {
  const { behaviour, by, reason } = made;
  const cancelRequest: CancelRequest = {
    behaviour,
    requestedBy: by,
    requestedAt: toInstant(context.clock.now()),
    ...(reason === undefined ? {} : { reason }),
  };
  await raiseCancel(context, executionId, await note(context, executionId, cancelRequest));
  await wakeItemOrchestrations(context, executionId);
}

/** Raises the cancel of an execution's record as an event. Safe to repeat. */
export async function raiseCancel(context: Context, executionId: string, noted: CancelRequest): Promise<void> {
  await raise(context, executionId, { kind: "cancel", behaviour: noted.behaviour, by: noted.requestedBy });
}

/** Writes a cancel into the record, and gives back the one that stands: the first. */
function note(context: Context, executionId: string, cancelRequest: CancelRequest): Promise<CancelRequest> {
  return updateWithRetry(
    () => requireExecution(context, executionId),
    async ({ value, etag }) => {
      requireRunning(value);
      const earlier = value.cancelRequest;
      if (earlier !== undefined && earlier.behaviour !== cancelRequest.behaviour) {
        const what = `"${cancelRequest.behaviour}" has no effect any more`;
        throw new RecoveryError("decided-already", `${cancelInWords(earlier)}; ${what}`);
      }
      if (earlier !== undefined) return { answer: earlier };
      await requireCancellable(context, value);
      return {
        answer: cancelRequest,
        write: () => context.store.updateWatched({ ...value, cancelRequest }, etag),
      };
    },
  );
}

/** The lifecycle says for every state under way whether its execution may be cancelled. */
async function requireCancellable({ store }: Context, execution: Execution): Promise<void> {
  for (const item of await store.getItems(execution.worldId, execution.itemIds)) {
    if (item.heldBy?.executionId !== execution.executionId) continue;
    const begun = transitionOf(item, item.heldBy.from, execution.verb);
    const cell = begun.allowed ? cancellation(begun.during) : begun;
    if (!cell.allowed)
      throw new RecoveryError("verb-not-allowed", `the execution cannot be cancelled now: ${cell.because}`);
  }
}

async function requireExecution({ store }: Context, executionId: string): Promise<Tagged<Execution>> {
  const found = await store.getExecution(executionId);
  if (!found) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
  return found;
}

function requireRunning({ executionId, status, cancelRequest }: Execution): void {
  if (!isEnded(status)) return;
  const cancelled = cancelRequest === undefined ? "" : `; ${cancelInWords(cancelRequest)}`;
  throw new RecoveryError("execution-ended", `execution ${executionId} has ended: ${status}${cancelled}`);
}

async function requireAwaited(
  context: Context,
  executionId: string,
  decision: Decision,
  early: boolean,
): Promise<void> {
  const seen = await context.orchestrations.getStatus(executionId);
  if (seen && isAwaited(seen, decision, early ? ["awaiting-input", "running"] : ["awaiting-input"])) return;
  throw new RecoveryError("nothing-awaited", `execution ${executionId} does not await ${inWords(decision)} now`);
}

/** Whether an execution waits for a decision. A terminated orchestration still shows that, but receives no events. */
function isAwaited(
  seen: InstanceView,
  decision: Decision,
  statuses: readonly StepStatus[] = ["awaiting-input"],
): boolean {
  const stepIds = stepsOf(decision);
  return !hasEndedEarly(seen) && seen.steps.some(([id, status]) => stepIds.includes(id) && statuses.includes(status));
}

/** The steps that wait for a decision. */
function stepsOf(decision: Decision): string[] {
  switch (decision.kind) {
    case "confirm":
      return [actionStepId(decision.actionId, decision.ask), callBackStepId(decision.actionId, decision.ask)];
    case "resolve":
      return [askStepId(decision.ask)];
    case "validate":
      return [VALIDATION_STEP];
  }
}

const raise = ({ orchestrations }: Context, executionId: string, made: DecisionEvent): Promise<void> =>
  orchestrations.raise(executionId, DECISION_EVENT, made);
