import { STEERING_ROUTES } from "../api/steering-routes.js";
import { pauseExecution, resumeExecution, type Steerer, switchToUnplanned } from "../commands/steer.js";
import { editExecution, extendWait, retryItems, skipSteps } from "../commands/steering-acts.js";
import type { Caller } from "../domain/access/caller.js";
import { acceptedFor, serve } from "./serve.js";

const by = ({ person }: Caller, { reason = "" }: { reason?: string | undefined }): Steerer => ({ person, reason });

serve(STEERING_ROUTES.pause, async (context, { params: { executionId }, body, caller }) => {
  await pauseExecution(context, executionId, by(caller, body));
  return acceptedFor(executionId);
});

serve(STEERING_ROUTES.resume, async (context, { params: { executionId }, body, caller }) => {
  await resumeExecution(context, executionId, by(caller, body));
  return acceptedFor(executionId);
});

serve(STEERING_ROUTES.switchToUnplanned, async (context, { params: { executionId }, body, caller }) => {
  await switchToUnplanned(context, executionId, by(caller, body));
  return acceptedFor(executionId);
});

serve(STEERING_ROUTES.retry, async (context, { params: { executionId }, body, caller }) => {
  await retryItems(context, executionId, { ...by(caller, body), itemIds: body.itemIds });
  return acceptedFor(executionId);
});

serve(STEERING_ROUTES.skip, async (context, { params: { executionId }, body, caller }) => {
  await skipSteps(context, executionId, { ...by(caller, body), stepIds: body.stepIds });
  return acceptedFor(executionId);
});

serve(STEERING_ROUTES.edit, async (context, { params: { executionId }, body, caller }) => {
  await editExecution(context, executionId, { ...by(caller, body), planVersion: body.planVersion });
  return acceptedFor(executionId);
});

serve(STEERING_ROUTES.extend, async (context, { params: { executionId }, body, caller }) => {
  const { stepId, until, minutes } = body;
  await extendWait(context, executionId, { ...by(caller, body), stepId, until, minutes });
  return acceptedFor(executionId);
});
