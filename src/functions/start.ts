import type { z } from "zod";
import type { RequestHeader } from "../api/route.js";
import type { startBody } from "../api/schemas.js";
import type { Context } from "../commands/context.js";
import { warningsOf } from "../commands/plan-warnings.js";
import { type StartRequest, startExecution } from "../commands/start-execution.js";

interface Accepted {
  body: { executionId: string; warnings?: string[] };
  headers: Record<string, string>;
}

/** Answers a start: 202 with where to look, the same for every repetition of one idempotency key. */
export async function start(
  context: Context,
  target: StartRequest["target"],
  request: { body: z.output<typeof startBody>; headers: Partial<Record<RequestHeader, string>> },
): Promise<Accepted> {
  const idempotencyKey = request.headers["idempotency-key"] ?? "";
  const execution = await startExecution(context, { idempotencyKey, target, ...request.body });
  const { body, headers } = acceptedFor(execution.executionId);
  return { body: { ...body, warnings: await warningsOf(context, execution) }, headers };
}

/** Where to look for what comes of a request that was accepted. */
export function acceptedFor(executionId: string): Accepted {
  return { body: { executionId }, headers: { location: `/api/executions/${executionId}`, "retry-after": "1" } };
}
