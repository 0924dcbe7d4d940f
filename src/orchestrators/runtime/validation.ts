import { RecoveryError } from "../../domain/errors.js";
import type { Durable } from "../../durable/call.js";
import { VALIDATION_STEP } from "../../steps/plan-steps.js";
import type { ExecutionContext } from "./execution-workflow.js";

/** Waits until a person accepts or rejects the recovered application. A rejection ends the execution and undoes it. */
export function* awaitValidation(execution: ExecutionContext): Durable<void> {
  const { required, timeLimitMinutes, onExpiry } = execution.plan.validation;
  if (!required) return;
  yield* execution.step(VALIDATION_STEP, function* () {
    const asks = "Look at the recovered application, then accept or reject it.";
    const limitMs = timeLimitMinutes * 60_000;
    const made = yield* execution.ask(VALIDATION_STEP, { kind: "validate" } as const, asks, limitMs);
    if (made === undefined) {
      if (onExpiry === "undo") throw new RecoveryError("validation-rejected", "nobody validated in time");
      throw new RecoveryError("validation-expired", "nobody validated in time; the machines were kept");
    }
    const reason = made.reason === "" ? "" : `: ${made.reason}`;
    if (made.verdict === "reject") throw new RecoveryError("validation-rejected", `rejected by ${made.by}${reason}`);
    execution.progress.note(VALIDATION_STEP, `accepted by ${made.by}${reason}`);
  });
}
