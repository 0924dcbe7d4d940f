import type { z } from "zod";
import { decisionOn } from "../domain/decisions.js";
import { RecoveryError } from "../domain/errors.js";
import { type Execution, MAX_DECISIONS } from "../domain/execution.js";
import { movedMs, pauseOf } from "../domain/steering/in-force.js";
import { toInstant } from "../domain/text.js";
import type { Ports } from "../ports.js";
import { updateWithRetry } from "../store/port.js";
import type { expireQuestion } from "./contracts.js";

type Input = z.output<typeof expireQuestion.input>;
type Expiry = z.output<typeof expireQuestion.output>;

/** While an execution is paused, the time of its questions stands still. They are looked at again after this. */
const PAUSED_MS = 3_600_000;

/**
 * Records that nobody answered a question in time, unless somebody did at the last moment. Then gives back that
 * decision. Either way a later one is refused, so that nothing is acknowledged without effect. A question of which the
 * end was moved by steering stays open; so does one of an execution that was steered while `wait` is missing.
 */
export function closedQuestion({ store, clock }: Ports, { executionId, question, wait }: Input): Promise<Expiry> {
  return updateWithRetry(
    () => store.getExecution(executionId),
    (found): { answer: Expiry; write?: () => Promise<unknown> } => {
      if (!found) throw new RecoveryError("execution-not-found", `there is no execution ${executionId}`);
      const { value, etag } = found;
      const nowMs = clock.now();
      const earlier = decisionOn(value.decisions, question)?.decision;
      if (earlier !== undefined) return { answer: { decision: earlier.kind === "expired" ? null : earlier } };
      const leftMs = leftOf(value, wait, nowMs);
      if (leftMs !== null) return { answer: { decision: null, leftMs } };
      const expired = { decision: { kind: "expired" as const, question }, decidedAt: toInstant(nowMs) };
      const decisions = [...(value.decisions ?? []), expired].slice(-MAX_DECISIONS);
      return { answer: { decision: null }, write: () => store.updateExecution({ ...value, decisions }, etag) };
    },
  );
}

/** How much longer the question stays open because of steering; null when its time is over. */
function leftOf(execution: Execution, wait: Input["wait"], nowMs: number): number | null {
  if (execution.steering === undefined) return null;
  if (wait === undefined) return 0;
  const { stepId, sinceMs, limitMs } = wait;
  const untilMs = sinceMs + limitMs + movedMs(execution, (one) => one === stepId, sinceMs, nowMs);
  if (untilMs > nowMs) return untilMs - nowMs;
  return pauseOf(execution) === null ? null : PAUSED_MS;
}
