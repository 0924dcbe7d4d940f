import { STEERING_ROUTES } from "../api/steering-routes.js";
import { pauseExecution, resumeExecution, type Steerer, switchToUnplanned } from "../commands/steer.js";
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
