import { RecoveryError } from "../domain/errors.js";
import type { CancelRequest, Execution } from "../domain/execution.js";
import { cancellation, transition } from "../domain/items/lifecycle.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import { toInstant } from "../domain/text.js";
import type { FailureAnswer } from "../domain/vocabulary.js";
import { DECISION_EVENT, type Decision } from "../orchestrators/runtime/contracts.js";
import { actionStepId, askStepId, VALIDATION_STEP } from "../steps/plan-steps.js";
import { type Tagged, updateWithRetry } from "../store/port.js";
import type { Context } from "./context.js";
import { viewExecution } from "./execution-view.js";
import { hasEndedEarly } from "./instance-status.js";
import { givenUpItems, nameOf } from "./stuck-steps.js";
import { wakeItemOrchestrations } from "./wake-item-orchestrations.js";

/** Accepts or rejects the recovered application; rejecting undoes the failover. */
export async function validateExecution(
  context: Context,
  executionId: string,
  made: { verdict: "accept" | "reject"; by: string; reason: string },
): Promise<void> {
  await requireAwaited(context, executionId, VALIDATION_STEP);
  await decide(context, executionId, { kind: "validate", ...made });
}

/** Confirms a manual action as done, or declines it. */
export async function confirmAction(
  context: Context,
  executionId: string,
  made: { actionId: string; done: boolean; by: string; note: string },
): Promise<void> {
  await requireAwaited(context, executionId, actionStepId(made.actionId));
  await decide(context, executionId, { kind: "confirm", ...made });
}

/** Answers the question what to do about a failure. */
export async function resolveFailure(
  context: Context,
  executionId: string,
  made: { ask: number; answer: FailureAnswer; by: string; reason: string },
): Promise<void> {
  await requireAwaited(context, executionId, askStepId(made.ask));
  await decide(context, executionId, { kind: "resolve", ...made });
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
  await requireRunning(context, executionId);
  const { awaits, steps } = await viewExecution(context, executionId);
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
  await decide(context, executionId, { kind: "cancel", behaviour: noted.behaviour, by: noted.requestedBy });
}

/** Writes a cancel into the record, and gives back the one that stands: the first. */
function note(context: Context, executionId: string, cancelRequest: CancelRequest): Promise<CancelRequest> {
  return updateWithRetry(
    () => requireRunning(context, executionId),
    async ({ value, etag }) => {
      await requireCancellable(context, value);
      if (value.cancelRequest !== undefined) return { answer: value.cancelRequest };
      return {
        answer: cancelRequest,
        write: () => context.store.updateExecution({ ...value, cancelRequest }, etag),
      };
    },
  );
}

/** The lifecycle says for every state under way whether its execution may be cancelled. */
async function requireCancellable({ store }: Context, execution: Execution): Promise<void> {
  for (const { scenario, heldBy, direction } of await store.getItems(execution.worldId, execution.itemIds)) {
    if (heldBy?.executionId !== execution.executionId) continue;
    const begun = transition(scenario, heldBy.from, execution.verb, direction);
    const cell = begun.allowed ? cancellation(begun.during) : begun;
    if (!cell.allowed)
      throw new RecoveryError("verb-not-allowed", `the execution cannot be cancelled now: ${cell.because}`);
  }
}

async function requireRunning({ store }: Context, executionId: string): Promise<Tagged<Execution>> {
  const found = await store.getExecution(executionId);
  if (!found) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
  const { status } = found.value;
  if (isEnded(status)) throw new RecoveryError("execution-ended", `execution ${executionId} has ended: ${status}`);
  return found;
}

async function requireAwaited(context: Context, executionId: string, stepId: string): Promise<void> {
  await requireRunning(context, executionId);
  const seen = await context.orchestrations.getStatus(executionId);
  // A terminated orchestration still shows what it waited for, but receives no events.
  const steps = seen && !hasEndedEarly(seen) ? seen.steps : [];
  if (steps.some(([id, status]) => id === stepId && status === "awaiting-input")) return;
  throw new RecoveryError("nothing-awaited", `execution ${executionId} does not wait at ${stepId}`);
}

function decide({ orchestrations }: Context, executionId: string, made: Decision): Promise<void> {
  return orchestrations.raise(executionId, DECISION_EVENT, made);
}
