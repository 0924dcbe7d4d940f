import { type Decision, decisionOn, type Question } from "../domain/decisions.js";
import { RecoveryError } from "../domain/errors.js";
import { MAX_DECISIONS } from "../domain/execution.js";
import { toInstant } from "../domain/text.js";
import type { Ports } from "../ports.js";
import { updateWithRetry } from "../store/port.js";

/**
 * Records that nobody answered a question in time, unless somebody did at the last moment. Then gives back that
 * decision. Either way a later one is refused, so that nothing is acknowledged without effect.
 */
export function closedQuestion(
  { store, clock }: Ports,
  executionId: string,
  question: Question,
): Promise<Decision | null> {
  return updateWithRetry(
    () => store.getExecution(executionId),
    (found): { answer: Decision | null; write?: () => Promise<unknown> } => {
      if (!found) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
      const { value, etag } = found;
      const earlier = decisionOn(value.decisions, question)?.decision;
      if (earlier !== undefined) return { answer: earlier.kind === "expired" ? null : earlier };
      const expired = { decision: { kind: "expired" as const, question }, decidedAt: toInstant(clock.now()) };
      const decisions = [...(value.decisions ?? []), expired].slice(-MAX_DECISIONS);
      return { answer: null, write: () => store.updateExecution({ ...value, decisions }, etag) };
    },
  );
}
