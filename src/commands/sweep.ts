import { endExecution } from "../activities/close-execution.js";
import { RecoveryError } from "../domain/errors.js";
import type { CancelRequest, Execution } from "../domain/execution.js";
import { toMs } from "../domain/text.js";
import type { Context } from "./context.js";
import { tellOfCancel } from "./decisions.js";
import { itemKey, setRight } from "./set-right.js";
import { giveBack, isGivenUpBeforeItsEnd, settleStart } from "./settle-start.js";
import { hasStopped, isOver, isSuspended } from "./standstill.js";

/** Younger ones are still on their way through the request that made them. */
const SETTLED_AFTER_MS = 10_000;

/** A cancel is told again 1, 2, 4, 8 and 16 minutes after it was asked for, and then so often. */
const RAREST_TELLING_MINUTES = 16;

/** An orchestration tries for a few minutes itself to give up what it holds. */
const GIVEN_UP_AFTER_MS = 300_000;

/**
 * Looks after the newest hundred executions: starts again what was recorded and never began, repeats a cancel that is
 * noted, ends what lost its orchestration, gives up what an ended one still holds, so that no item stays held for ever, and
 * sets right the items of which an ended one could not say how far they came. Gives back the ids it did something
 * for, and in words what it could not look after: that of one execution does not keep it from the others.
 */
export async function sweepExecutions(context: Context): Promise<{ mended: string[]; troubles: string[] }> {
  const { entries, unreadable = [] } = await context.store.listExecutions({ limit: 100 });
  const mended: string[] = [];
  const troubles = [...unreadable];
  const inLater = new Set<string>();
  for (const execution of entries) {
    try {
      if (await mend(context, execution, inLater)) mended.push(execution.executionId);
    } catch (thrown) {
      troubles.push(`${execution.executionId}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
    for (const itemId of execution.itemIds) inLater.add(itemKey(execution.worldId, itemId));
  }
  return { mended, troubles };
}

/** @param inLater keys of the items of later executions, which alone may say where those are */
async function mend(context: Context, execution: Execution, inLater: ReadonlySet<string>): Promise<boolean> {
  const { executionId } = execution;
  if ("endedAt" in execution) return giveUp(context, execution, inLater);
  const instance = await context.orchestrations.look(executionId);
  if (!instance) return settle(context, execution);
  if (!isOver(instance)) {
    const { cancelRequest } = execution;
    if (cancelRequest === undefined || isSuspended(instance) || !isTimeToTell(context, cancelRequest)) return false;
    await tellOfCancel(context, executionId, cancelRequest);
    return true;
  }
  const why = typeof instance.output === "string" ? instance.output.slice(0, 500) : "no reason was given";
  const failure = { code: "operation-failed", message: `its orchestration ended early: ${why}` };
  const { steps } = instance;
  await endExecution(context, { executionId, status: "failed", failure, touched: true, reports: [], steps });
  return true;
}

/**
 * Whether a cancel is told again in this minute: ever more rarely the longer it stands, since most executions heard it
 * the first time, and each telling makes their history longer.
 */
function isTimeToTell({ clock }: Context, { requestedAt }: CancelRequest): boolean {
  const minutes = Math.floor((clock.now() - toMs(requestedAt)) / 60_000);
  if (minutes < 1) return false; // the request itself told of it
  return minutes % Math.min(RAREST_TELLING_MINUTES, 2 ** Math.floor(Math.log2(minutes))) === 0;
}

/**
 * Gives up what an ended execution still holds. A good end is written before its items are given up, and what came
 * between is made good; of any other, a request that came late took them once more after its end.
 */
async function giveUp(
  context: Context,
  execution: Extract<Execution, { endedAt: string }>,
  inLater: ReadonlySet<string>,
): Promise<boolean> {
  const { executionId, worldId, itemIds, status, outcomes, endedAt } = execution;
  if (context.clock.now() - toMs(endedAt) < GIVEN_UP_AFTER_MS) return false;
  const items = await context.store.getItems(worldId, itemIds);
  if (!items.some(({ heldBy }) => heldBy?.executionId === executionId))
    return setRight(context, execution, items, inLater);
  const instance = await context.orchestrations.look(executionId);
  if (instance && !hasStopped(instance)) return false;
  if (isGivenUpBeforeItsEnd(execution)) {
    await giveBack(context, execution);
    return true;
  }
  const reports = outcomes.map(({ itemId, outcome, failure, recoveryPoint: point, dataLoss }) => {
    return { itemId, outcome, failure, point, dataLoss, runningAtMs: null };
  });
  await endExecution(context, { executionId, status, failure: null, touched: true, reports, steps: [] });
  return true;
}

/** Nobody waits for the answer of a start that is settled here: when it is refused by now, the record says so. */
async function settle(context: Context, execution: Execution): Promise<boolean> {
  if (context.clock.now() - toMs(execution.requestedAt) < SETTLED_AFTER_MS) return false;
  try {
    await settleStart(context, execution);
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError)) throw thrown;
  }
  return true;
}
