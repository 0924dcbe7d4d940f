import { RecoveryError } from "../domain/errors.js";
import type { Durable } from "../durable/call.js";
import type { Decision } from "./contracts.js";
import type { Run } from "./run.js";
import { VALIDATION_STEP } from "./step-ids.js";

type Validated = Extract<Decision, { kind: "validate" }>;
const validates = (made: Decision): made is Validated => made.kind === "validate";

/** Waits until a person accepts or rejects the recovered application. Rejection ends the story and undoes it. */
export function* awaitValidation(run: Run): Durable<void> {
  const { required, timeLimitMinutes, onExpiry } = run.plan.validation;
  if (!required) return;
  yield* run.step(VALIDATION_STEP, function* () {
    run.progress.awaitInput(VALIDATION_STEP, "Look at the recovered application, then accept or reject it.");
    const made = yield* run.decide(validates, timeLimitMinutes * 60_000);
    if (made === undefined) {
      if (onExpiry === "undo") throw new RecoveryError("validation-rejected", "nobody validated in time");
      throw new RecoveryError("validation-expired", "nobody validated in time; the machines were kept");
    }
    const because = made.reason === "" ? "" : `: ${made.reason}`;
    if (made.verdict === "reject") throw new RecoveryError("validation-rejected", `rejected by ${made.by}${because}`);
    run.progress.note(VALIDATION_STEP, `accepted by ${made.by}${because}`);
  });
}
