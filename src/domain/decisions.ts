import { z } from "zod";
import { Id, Instant } from "./text.js";
import { FailureAnswer } from "./vocabulary.js";

const by = z.string().max(80);
const note = z.string().max(2_000);
/** Which time it was asked: a question that is asked again is another question. */
const ask = z.int().min(1);

/**
 * The answer to a question of a running execution: that an action is done or not, what happens after a failure, or the
 * verdict on the recovered application.
 */
export const Decision = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("confirm"), actionId: Id, ask, done: z.boolean(), by, note }),
  z.strictObject({ kind: z.literal("resolve"), ask, answer: FailureAnswer, by, reason: note }),
  z.strictObject({ kind: z.literal("validate"), verdict: z.enum(["accept", "reject"]), by, reason: note }),
]);
export type Decision = z.infer<typeof Decision>;

/** A decision as the record of its execution keeps it. The first one on a question stands. */
export const RecordedDecision = z.strictObject({ decision: Decision, decidedAt: Instant });
export type RecordedDecision = z.infer<typeof RecordedDecision>;

/** The question that a decision answers. Equal texts are the same question. */
export function questionOf(decision: Decision): string {
  switch (decision.kind) {
    case "confirm":
      return `action ${decision.actionId} (ask ${decision.ask})`;
    case "resolve":
      return `the failure (ask ${decision.ask})`;
    case "validate":
      return "the validation";
  }
}

/** What was decided, in one word. Two decisions on one question agree when their words are equal. */
export function answerOf(decision: Decision): string {
  switch (decision.kind) {
    case "confirm":
      return decision.done ? "done" : "not done";
    case "resolve":
      return decision.answer;
    case "validate":
      return decision.verdict;
  }
}

/** The recorded decision on the same question; undefined while there is none. */
export const earlierOn = (
  recorded: readonly RecordedDecision[] | undefined,
  decision: Decision,
): RecordedDecision | undefined => recorded?.find((one) => questionOf(one.decision) === questionOf(decision));

/** Who decided what and when, for people. */
export const inWords = ({ decision, decidedAt }: RecordedDecision): string =>
  `${decision.by} decided "${answerOf(decision)}" on ${questionOf(decision)} at ${decidedAt}`;
