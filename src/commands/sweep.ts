import { endExecution } from "../activities/close-execution.js";
import type { Execution } from "../domain/execution.js";
import { isEnded } from "../domain/failure-policy.js";
import type { Context } from "./context.js";
import { tellOfCancel } from "./decisions.js";
import { carryOn } from "./start-execution.js";

/** Statuses in which an orchestration will not move any more. */
const OVER: ReadonlySet<string> = new Set(["Failed", "Terminated", "Canceled"]);

/**
 * Looks after the newest hundred executions: starts again what was recorded and never began, repeats a cancel that is
 * noted, and ends what lost its orchestration, so that no item stays held for ever. Gives back the ids it did
 * something for.
 */
export async function sweepExecutions(context: Context): Promise<string[]> {
  const { entries } = await context.store.listExecutions({ limit: 100 });
  const mended: string[] = [];
  for (const execution of entries) {
    if (!isEnded(execution.status) && (await mend(context, execution))) mended.push(execution.executionId);
  }
  return mended;
}

async function mend(context: Context, execution: Execution): Promise<boolean> {
  const { executionId } = execution;
  const instance = await context.orchestrations.look(executionId);
  if (!instance) {
    await carryOn(context, execution);
    return true;
  }
  if (!OVER.has(instance.runtimeStatus)) {
    if (execution.cancelRequest === undefined) return false;
    await tellOfCancel(context, executionId, execution.cancelRequest);
    return true;
  }
  const why = typeof instance.output === "string" ? instance.output.slice(0, 500) : "no reason was given";
  const failure = { code: "operation-failed", message: `its orchestration ended early: ${why}` };
  const { steps } = instance;
  await endExecution(context, { executionId, status: "failed", failure, touched: true, reports: [], steps });
  return true;
}
