/**
 * People steer a running execution.
 *
 * - T1 An act of steering is recorded before the execution hears of it, with person, reason and time, and the record is
 *   what counts. (test/orchestrators/pause.test.ts)
 * - T2 The same act again, or twice at once, is recorded once. One that can have no effect is refused, with the reason
 *   that `allowedActions` shows. (test/orchestrators/pause.test.ts, test/unit/domain/record-steering.test.ts)
 * - T3 An act whose event was lost reaches the execution nevertheless: whatever begins looks at the record, and the sweep
 *   raises the event again. (test/orchestrators/pause.test.ts)
 */
import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import { type ExecutionAction, refusalOf } from "../domain/steering/allowed-steering.js";
import { revisionOf } from "../domain/steering/in-force.js";
import { requireSteerable, withSteering } from "../domain/steering/record-steering.js";
import type { Steering, SteeringAction, SteeringOf } from "../domain/steering/steering.js";
import { toInstant } from "../domain/text.js";
import { DECISION_EVENT } from "../orchestrators/runtime/contracts.js";
import { updateWithRetry } from "../store/port.js";
import { voidApprovalsOfSteered } from "./approvals.js";
import type { Context } from "./context.js";
import { decide } from "./decisions.js";
import { type ExecutionView, viewExecution } from "./execution-view.js";
import { steeringFactsOf } from "./steering-facts.js";
import { wakeItemOrchestrations } from "./wake-item-orchestrations.js";

/** Who steers, and why. */
export interface Steerer {
  person: string;
  reason: string;
}

/** Nothing new begins until somebody resumes the execution. What is under way ends. */
export const pauseExecution = (context: Context, executionId: string, by: Steerer): Promise<void> =>
  steer(context, executionId, "pause", by, {});

export const resumeExecution = (context: Context, executionId: string, by: Steerer): Promise<void> =>
  steer(context, executionId, "resume", by, {});

/** Goes on as an unplanned failover. A question whether to wait for sources is answered: the execution continues. */
export async function switchToUnplanned(context: Context, executionId: string, by: Steerer): Promise<void> {
  await steer(context, executionId, "switch-to-unplanned", by, {});
  const { awaits } = await viewExecution(context, executionId);
  const open = awaits.find((awaited) => awaited.kind === "resolve");
  if (open?.kind !== "resolve") return;
  const { person, reason } = by;
  await decide(context, executionId, { kind: "resolve", ask: open.ask, answer: "skip", by: person, reason });
}

/** What one act has beside who, why and when. */
type Content<A extends SteeringAction> = Omit<SteeringOf<A>, "action" | "person" | "reason" | "at">;

/** Records one act and tells the execution of it. */
export async function steer<A extends SteeringAction>(
  context: Context,
  executionId: string,
  action: A,
  { person, reason }: Steerer,
  content: Content<A>,
): Promise<void> {
  const made = { action, person, reason, at: toInstant(context.clock.now()), ...content } as unknown as Steering;
  await tellSteered(context, await recordSteering(context, executionId, made));
}

/** Writes an act into the record. What stands there already stays as it is. */
async function recordSteering(context: Context, executionId: string, made: Steering): Promise<Execution> {
  const { store } = context;
  return updateWithRetry(
    async () => {
      const found = await store.getExecution(executionId);
      if (!found) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
      return found;
    },
    async ({ value, etag }): Promise<{ answer: Execution; write?: () => Promise<unknown> }> => {
      const steering = withSteering(value, made);
      if (steering === null) return { answer: value };
      requireAllowed(await viewExecution(context, executionId), made.action);
      const steered = { ...value, steering };
      return { answer: steered, write: () => store.updateWatched(steered, etag) };
    },
  );
}

/** Refuses what `allowedActions` shows as not allowed. */
export function requireAllowed(view: ExecutionView, action: ExecutionAction): void {
  requireSteerable(view.execution);
  const refusal = refusalOf(action, steeringFactsOf(view));
  if (refusal === null) return;
  const { because, whatWouldMakeItSo } = refusal;
  throw new RecoveryError("steering-refused", `"${action}" is not possible now: ${because}`, [
    `What would make it so: ${whatWouldMakeItSo}`,
  ]);
}

/** Tells an execution and the orchestrations of its items that the record has news. Safe to repeat. */
async function tellSteered(context: Context, execution: Execution): Promise<void> {
  const { executionId } = execution;
  if (revisionOf(execution) > 0) await voidApprovalsOfSteered(context, execution);
  await context.orchestrations.raise(executionId, DECISION_EVENT, { kind: "steered" });
  await wakeItemOrchestrations(context, executionId);
}

/**
 * Tells an execution again that it was steered, because the request that recorded that may have died. Returns whether it
 * was.
 * @param isTime whether news of that time are raised again now
 */
export async function raiseSteering(
  context: Context,
  execution: Execution,
  isTime: (at: string) => boolean,
): Promise<boolean> {
  const last = execution.steering?.at(-1);
  if (last === undefined || last.action === "pause" || !isTime(last.at)) return false;
  await tellSteered(context, execution);
  return true;
}
