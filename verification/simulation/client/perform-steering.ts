import { cancelCommitTimer, extendCommitTimer } from "../../../src/commands/commit-timer.js";
import type { Context } from "../../../src/commands/context.js";
import { pauseExecution, resumeExecution, switchToUnplanned } from "../../../src/commands/steer.js";
import { editExecution, extendWait, retryItems, skipSteps } from "../../../src/commands/steering-acts.js";
import type { SteeringRequest } from "./steering-requests.js";

/** Steers an execution, or changes the commit timer of one that ended. */
export function performSteering(context: Context, request: SteeringRequest): Promise<void> {
  const { executionId, person } = request;
  if (request.kind === "steer") return steer(context, request);
  const { act } = request;
  const by = { by: person, reason: undefined };
  return act.action === "cancel"
    ? cancelCommitTimer(context, executionId, by)
    : extendCommitTimer(context, executionId, { ...by, until: act.until });
}

function steer(
  context: Context,
  { executionId, person, act }: Extract<SteeringRequest, { kind: "steer" }>,
): Promise<void> {
  const by = { person, reason: "as simulated" };
  switch (act.action) {
    case "pause":
      return pauseExecution(context, executionId, by);
    case "resume":
      return resumeExecution(context, executionId, by);
    case "switch-to-unplanned":
      return switchToUnplanned(context, executionId, by);
    case "retry":
      return retryItems(context, executionId, { ...by, itemIds: act.itemIds });
    case "skip":
      return skipSteps(context, executionId, { ...by, stepIds: act.stepIds });
    case "edit":
      return editExecution(context, executionId, { ...by, planVersion: act.planVersion });
    case "extend":
      return extendWait(context, executionId, {
        ...{ ...by, stepId: act.stepId },
        ...{ until: act.until, minutes: act.minutes },
      });
  }
}
