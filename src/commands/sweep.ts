import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import { toMs } from "../domain/text.js";
import { endExecution } from "../executions/end-execution.js";
import { isReleasedBeforeItsEnd, releaseItems } from "../executions/release.js";
import { completeStart } from "./admission.js";
import type { Context } from "./context.js";
import { raiseCancel, raiseUnheardDecisions } from "./decisions.js";
import { hasEnded, hasEndedEarly, isSuspended } from "./instance-status.js";
import { itemKey, reconcileUnknownOutcomes } from "./reconcile-items.js";

/** The request that made a younger start is still completing it. */
const ORPHANED_AFTER_MS = 10_000;

/** A cancel or a decision is raised again after 1, 2, 4, 8 and 16 minutes, and then at this interval. */
const MAX_RAISE_INTERVAL_MINUTES = 16;

/** For a few minutes an orchestration still tries to release what it holds. */
const RELEASED_AFTER_MS = 300_000;

/**
 * Repairs the newest hundred executions: completes a start that was recorded and never completed, raises a noted
 * cancel or an unheard decision again, ends an execution that lost its orchestration, releases what an ended one still holds, and reconciles
 * items whose outcome is unknown. Returns the ids that it repaired, and the errors. An error of one
 * execution does not stop the repair of the others.
 */
export async function sweepExecutions(context: Context): Promise<{ repaired: string[]; errors: string[] }> {
  const { entries, unreadable = [] } = await context.store.listExecutions({ limit: 100 });
  const repaired: string[] = [];
  const errors = [...unreadable];
  const inLater = new Set<string>();
  for (const execution of entries) {
    try {
      if (await repair(context, execution, inLater)) repaired.push(execution.executionId);
    } catch (thrown) {
      errors.push(`${execution.executionId}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
    for (const itemId of execution.itemIds) inLater.add(itemKey(execution.worldId, itemId));
  }
  return { repaired, errors };
}

/** @param inLater keys of the items of later executions, which decide the state of those items */
async function repair(context: Context, execution: Execution, inLater: ReadonlySet<string>): Promise<boolean> {
  const { executionId } = execution;
  if ("endedAt" in execution) return releaseEnded(context, execution, inLater);
  const instance = await context.orchestrations.getStatus(executionId);
  if (!instance) return completeOrphan(context, execution);
  if (!hasEndedEarly(instance)) {
    const { cancelRequest } = execution;
    if (isSuspended(instance)) return false;
    if (cancelRequest === undefined) {
      return raiseUnheardDecisions(context, execution, instance, (at) => isTimeToRaise(context, at));
    }
    if (!isTimeToRaise(context, cancelRequest.requestedAt)) return false;
    await raiseCancel(context, executionId, cancelRequest);
    return true;
  }
  const why = typeof instance.output === "string" ? instance.output.slice(0, 500) : "no reason was given";
  const failure = { code: "operation-failed", message: `its orchestration ended early: ${why}` };
  const { steps } = instance;
  await endExecution(context, { executionId, status: "failed", failure, touched: true, reports: [], steps });
  return true;
}

/**
 * Whether a cancel or a decision is raised again in this minute. The interval grows, since most executions received the
 * first event and each one makes their history longer.
 */
function isTimeToRaise({ clock }: Context, recordedAt: string): boolean {
  const minutes = Math.floor((clock.now() - toMs(recordedAt)) / 60_000);
  if (minutes < 1) return false; // the request itself raised it
  return minutes % Math.min(MAX_RAISE_INTERVAL_MINUTES, 2 ** Math.floor(Math.log2(minutes))) === 0;
}

/**
 * Releases what an ended execution still holds. A success was written before the release, so the release is
 * finished. Any other end released the items first, so an item that is held now was acquired by a late request.
 */
async function releaseEnded(
  context: Context,
  execution: Extract<Execution, { endedAt: string }>,
  inLater: ReadonlySet<string>,
): Promise<boolean> {
  const { executionId, worldId, itemIds, status, outcomes, endedAt } = execution;
  if (context.clock.now() - toMs(endedAt) < RELEASED_AFTER_MS) return false;
  const items = await context.store.getItems(worldId, itemIds);
  if (!items.some(({ heldBy }) => heldBy?.executionId === executionId))
    return reconcileUnknownOutcomes(context, execution, items, inLater);
  const instance = await context.orchestrations.getStatus(executionId);
  if (instance && !hasEnded(instance)) return false;
  if (isReleasedBeforeItsEnd(execution)) {
    await releaseItems(context, execution);
    return true;
  }
  const reports = outcomes.map(({ itemId, outcome, failure, recoveryPoint: point, dataLoss }) => {
    return { itemId, outcome, failure, point, dataLoss, runningAtMs: null };
  });
  await endExecution(context, { executionId, status, failure: null, touched: true, reports, steps: [] });
  return true;
}

/** No caller waits for this answer. If the start is refused, the record says so. */
async function completeOrphan(context: Context, execution: Execution): Promise<boolean> {
  if (context.clock.now() - toMs(execution.requestedAt) < ORPHANED_AFTER_MS) return false;
  try {
    await completeStart(context, execution);
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError)) throw thrown;
  }
  return true;
}
