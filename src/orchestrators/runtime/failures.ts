import { RecoveryError } from "../../domain/errors.js";
import { ASK_LIMIT_MS, afterAnswer } from "../../domain/plans/failure-policy.js";
import type { OnFailure } from "../../domain/vocabulary.js";
import type { Durable } from "../../durable/call.js";
import { askStepId } from "../../steps/plan-steps.js";
import type { Decision } from "./contracts.js";
import type { ExecutionContext } from "./execution-workflow.js";

type Resolved = Extract<Decision, { kind: "resolve" }>;

/** What to do about a failure: what the policy says, or what a person answers when the policy says `ask`. */
export function* resolveFailure(
  execution: ExecutionContext,
  policy: OnFailure,
  what: string,
): Durable<"retry" | OnFailure> {
  if (policy !== "ask") return policy;
  execution.asks += 1;
  const ask = execution.asks;
  const id = askStepId(ask);
  const resolves = (made: Decision): made is Resolved => made.kind === "resolve" && made.ask === ask;
  return yield* execution.step(id, function* () {
    const answers = execution.undo.isEmpty ? "retry, skip or stop" : "retry, skip, stop or undo";
    execution.progress.awaitInput(id, `${what}. Answer ${answers}.`);
    const made = yield* execution.decide(resolves, ASK_LIMIT_MS);
    if (made === undefined) throw new RecoveryError("stopped", `${what}, and nobody answered what to do`);
    const reason = made.reason === "" ? "" : `: ${made.reason}`;
    execution.progress.note(id, `${made.by} answered ${made.answer}${reason}`);
    return afterAnswer(made.answer);
  });
}

/** Ends the execution unless it continues. Past the point of no return, an undo can only stop. */
export function endUnlessContinued(execution: ExecutionContext, next: "retry" | OnFailure, what: string): void {
  if (next === "undo" && !execution.undo.isEmpty) throw new RecoveryError("undone-after-failure", what);
  if (next === "undo") throw new RecoveryError("stopped", `${what}; what was done before can no longer be undone`);
  if (next === "stop") throw new RecoveryError("stopped", what);
}
