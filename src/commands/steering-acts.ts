/**
 * Acts of steering that say more than who and why.
 *
 * - C1 A step that is skipped says who skipped it and why; one without which a machine would be lost cannot be.
 *   (test/orchestrators/skip.test.ts)
 * - C2 Each deadline is extended once, by whoever saw it. (test/orchestrators/extend.test.ts)
 * - C3 An edit changes only what has not begun, and a refusal names every difference that is in the way.
 *   (test/orchestrators/edit.test.ts)
 * - C4 Items that failed and were passed over run again, at the end of their group or of all groups.
 *   (test/orchestrators/retry-passed-over.test.ts)
 */
import { approvalIdOf } from "../domain/approvals/approval.js";
import { RecoveryError } from "../domain/errors.js";
import type { ExecutionAction } from "../domain/steering/allowed-steering.js";
import { differencesInTheWay } from "../domain/steering/edit-rules.js";
import { actionOfStep, approvalOfStep, isAskStep } from "../steps/plan-steps.js";
import { checkExtension, extendApproval } from "./approvals.js";
import type { Context } from "./context.js";
import { decide } from "./decisions.js";
import { type ExecutionView, planOfExecution, viewExecution } from "./execution-view.js";
import { requireAllowed, type Steerer, steer } from "./steer.js";
import { begunOf, steeringFactsOf } from "./steering-facts.js";

/** Goes on without steps of machines, and without actions. */
export async function skipSteps(
  context: Context,
  executionId: string,
  { stepIds, ...by }: Steerer & { stepIds: readonly string[] },
): Promise<void> {
  const view = await viewExecution(context, executionId);
  const known = new Set(steeringFactsOf(view).skippable);
  const skipped = new Set(view.execution.steering?.flatMap((one) => (one.action === "skip" ? one.stepIds : [])));
  const decided = view.execution.decisions ?? [];
  const others = stepIds.filter((id) => {
    const action = actionOfStep(id);
    const isDecided = decided.some(
      ({ decision }) => decision.kind === "confirm" && decision.actionId === action?.actionId && decision.skipped,
    );
    return !known.has(id) && !skipped.has(id) && !isDecided;
  });
  if (others.length > 0) {
    requireAllowed(view, "skip");
    throw refusal("skip", `${others.join(", ")} cannot be skipped, or not now`, [
      `Steps that can be skipped now: ${[...known].join(", ")}`,
    ]);
  }
  for (const id of stepIds) await skipAction(context, executionId, id, by);
  const ofItems = stepIds.filter((id) => actionOfStep(id) === undefined);
  if (ofItems.length > 0) await steer(context, executionId, "skip", by, { stepIds: ofItems });
}

/** An action is skipped by a decision on it, which is recorded like any other. */
async function skipAction(context: Context, executionId: string, stepId: string, by: Steerer): Promise<void> {
  const action = actionOfStep(stepId);
  if (action === undefined) return;
  const { actionId, ask } = action;
  const answer = { kind: "confirm", actionId, ask, done: true, skipped: true, by: by.person, note: by.reason } as const;
  await decide(context, executionId, answer, { early: true });
}

/** Moves the end of a wait. `until` is the end that the person saw. */
export async function extendWait(
  context: Context,
  executionId: string,
  { stepId, until, minutes, ...by }: Steerer & { stepId: string; until: string; minutes: number },
): Promise<void> {
  const approval = approvalOfStep(stepId);
  if (approval !== undefined) {
    const approvalId = approvalIdOf({ executionId, ...approval }, context.hash);
    const more = { ...by, from: until, minutes };
    await checkExtension(context, approvalId, more);
    await steer(context, executionId, "extend", by, { stepId, minutes, from: until });
    await extendApproval(context, approvalId, more);
    return;
  }
  const view = await viewExecution(context, executionId);
  const made = view.execution.steering ?? [];
  if (!made.some((one) => one.action === "extend" && one.stepId === stepId && one.from === until)) {
    requireAllowed(view, "extend");
    const { extendable } = steeringFactsOf(view);
    const wait = extendable.find((one) => one.stepId === stepId);
    const ends = extendable.map((one) => `${one.stepId} ends at ${one.until}`);
    if (wait === undefined) throw refusal("extend", `${stepId} does not wait now`, ends);
    // While it is paused the end moves on, and nobody can have seen the end of this moment.
    if (wait.until !== until && view.status !== "paused") {
      throw refusal("extend", `the wait of ${stepId} ends at ${wait.until}, and not at ${until}`, ends);
    }
  }
  await steer(context, executionId, "extend", by, { stepId, minutes, from: until });
}

/** Lets an execution go on by another saved version of its plan, as far as it has not begun. */
export async function editExecution(
  context: Context,
  executionId: string,
  { planVersion, ...by }: Steerer & { planVersion: number },
): Promise<void> {
  const view = await viewExecution(context, executionId);
  const { execution } = view;
  const last = execution.steering?.findLast((one) => one.action === "edit");
  if (last?.planVersion === planVersion) return;
  requireAllowed(view, "edit");
  const now = await planOfExecution(context, execution);
  if (now === null) throw new RecoveryError("plan-not-found", "the version that the execution runs cannot be found");
  const edited = await context.store.getPlanVersion(now.id, planVersion);
  if (!edited) throw new RecoveryError("plan-not-found", `plan ${now.id} has no version ${planVersion}`);
  const differences = differencesInTheWay(now, edited.plan, begunOf(view, now));
  if (differences.length > 0) {
    throw refusal("edit", `version ${planVersion} changes what has begun, or adds to it`, differences);
  }
  await steer(context, executionId, "edit", by, { planVersion, planHash: edited.hash });
}

/** Tries items again that failed. Where a question about a failure is open, this answers it. */
export async function retryItems(
  context: Context,
  executionId: string,
  { itemIds, ...by }: Steerer & { itemIds: readonly string[] | undefined },
): Promise<void> {
  const view = await viewExecution(context, executionId);
  requireAllowed(view, "retry");
  const { openAsk, failedItemIds } = steeringFactsOf(view);
  if (openAsk !== null) {
    const { person, reason } = by;
    return decide(context, executionId, { kind: "resolve", ask: openAsk, answer: "retry", by: person, reason });
  }
  const others = (itemIds ?? []).filter((id) => !failedItemIds.includes(id));
  if (others.length > 0) {
    throw refusal("retry", `${others.join(", ")} did not fail`, [`Failed so far: ${failedItemIds.join(", ")}`]);
  }
  await steer(context, executionId, "retry", by, { itemIds: [...(itemIds ?? failedItemIds)], asks: asksOf(view) });
}

const asksOf = ({ steps }: ExecutionView): number => steps.filter(({ id }) => isAskStep(id)).length;

const refusal = (action: ExecutionAction, because: string, details: readonly string[]): RecoveryError =>
  new RecoveryError("steering-refused", `"${action}" is not possible like this: ${because}`, details);
