import type { z } from "zod";
import type { RequestHeader } from "../api/route.js";
import { ROUTES } from "../api/routes.js";
import type { startBody } from "../api/schemas.js";
import type { Context } from "../commands/context.js";
import { warningsOf } from "../commands/plans.js";
import { type StartRequest, startExecution } from "../commands/start-execution.js";
import type { Caller } from "../domain/access/caller.js";
import { type Accepted, acceptedFor, serve } from "./serve.js";

serve(ROUTES.startOnPlan, (context, request) => start(context, { kind: "plan", ...request.params }, request));

serve(ROUTES.startOnItem, (context, request) => start(context, { kind: "item", ...request.params }, request));

/** Answers a start: 202 with where to follow it, the same for every repetition of one idempotency key. */
async function start(
  context: Context,
  target: StartRequest["target"],
  request: { caller: Caller; body: z.output<typeof startBody>; headers: Partial<Record<RequestHeader, string>> },
): Promise<Accepted> {
  const idempotencyKey = request.headers["idempotency-key"] ?? "";
  const { verb, options } = request.body;
  const requestedBy = request.caller.person;
  const execution = await startExecution(context, { idempotencyKey, target, verb, options, requestedBy });
  const { body, headers } = acceptedFor(execution.executionId);
  return { body: { ...body, warnings: await warningsOf(context, execution) }, headers };
}
