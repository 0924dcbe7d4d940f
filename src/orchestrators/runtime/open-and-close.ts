import type { OrchestrationContext } from "durable-functions";
import type { z } from "zod";
import type { Failure } from "../../domain/execution.js";
import { callActivity, type Durable } from "../../durable/call.js";
import { Progress } from "../../durable/progress.js";
import { failureOf } from "../../durable/refusal.js";
import { retryUntilReadable } from "../../durable/retry-until-readable.js";
import { closeExecution, type ExecutionPlan, openExecution } from "../../executions/contracts.js";
import { type Ending, type EndingInput, endingOf } from "./ending.js";

/** What is closed; an `ExecutionContext` has it. */
interface Closable extends EndingInput {
  context: OrchestrationContext;
  plan: ExecutionPlan;
  progress: Progress;
}

/** Opens an execution. One that cannot be opened, for example because of a damaged row, is closed: it has touched nothing. */
export function* openOrClose(
  context: OrchestrationContext,
  executionId: string,
): Durable<z.output<typeof openExecution.output>> {
  try {
    return yield* callActivity(context, openExecution, { executionId });
  } catch (thrown) {
    const closing = { executionId, status: "failed", failure: failureOf(thrown), touched: false } as const;
    const progress = new Progress(context);
    yield* retryUntilReadable(context, closeExecution, { ...closing, reports: [], steps: [] }, (why) =>
      progress.block(why),
    );
    return { open: false, why: closing.status };
  }
}

/** Ends the record of an execution, and returns how it ended. */
export function* closeAs(execution: Closable, failure: Failure | null): Durable<Ending> {
  const ending = endingOf(execution, failure);
  const closing = { executionId: execution.plan.executionId, ...ending };
  yield* retryUntilReadable(execution.context, closeExecution, closing, (why) => execution.progress.block(why));
  return ending;
}
