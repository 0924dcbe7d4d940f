import type { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { pauseOf, revisionOf, steeringSince } from "../domain/steering/in-force.js";
import type { Ports } from "../ports.js";
import type { readSteering } from "./contracts.js";
import { executionPlanOf } from "./open-execution.js";

/** What was steered since the workflow looked, and the plan that it runs from now on if that has changed. */
export async function steeringNews(
  ports: Ports,
  { executionId, seen }: z.output<typeof readSteering.input>,
): Promise<z.output<typeof readSteering.output>> {
  const execution = (await ports.store.getExecution(executionId))?.value;
  if (execution === undefined) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
  const news = steeringSince(execution, seen);
  const changesPlan = news.some(({ action }) => action === "edit" || action === "switch-to-unplanned");
  return {
    revision: revisionOf(execution),
    isPaused: pauseOf(execution) !== null,
    news,
    plan: changesPlan ? await executionPlanOf(ports, execution) : null,
  };
}
