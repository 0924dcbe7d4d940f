import { z } from "zod";
import { Id, Instant } from "./text.js";
import { FailureAnswer } from "./vocabulary.js";

const by = z.string().max(80);
const note = z.string().max(2_000);
/** Which time it was asked: a question that is asked again is another question. */
const ask = z.int().min(1);

const onAction = { kind: z.literal("confirm"), actionId: Id, ask };
const onFailure = { kind: z.literal("resolve"), ask };
const onResult = { kind: z.literal("validate") };

/** What an execution asks: whether an action is done, what happens after a failure, or whether the result is accepted. */
export const Question = z.discriminatedUnion("kind", [
  z.strictObject(onAction),
  z.strictObject(onFailure),
  z.strictObject(onResult),
]);
export type Question = z.infer<typeof Question>;

/** The answer to a question of a running execution. */
export const Decision = z.discriminatedUnion("kind", [
  z.strictObject({ ...onAction, done: z.boolean(), skipped: z.literal(true).optional(), by, note }),
  z.strictObject({ ...onFailure, answer: FailureAnswer, by, reason: note }),
  z.strictObject({ ...onResult, verdict: z.enum(["accept", "reject"]), by, reason: note }),
]);
export type Decision = z.infer<typeof Decision>;

/** Nobody answered within the time limit of the question. */
const Expired = z.strictObject({ kind: z.literal("expired"), question: Question });

/** A decision, or its absence, as the record of its execution keeps it. The first one on a question stands. */
export const RecordedDecision = z.strictObject({
  decision: z.discriminatedUnion("kind", [...Decision.options, Expired]),
  decidedAt: Instant,
});
export type RecordedDecision = z.infer<typeof RecordedDecision>;

/** A question in words. Equal texts are the same question. */
export function inWords(question: Question): string {
  switch (question.kind) {
    case "confirm":
      return `action ${question.actionId} (ask ${question.ask})`;
    case "resolve":
      return `the failure (ask ${question.ask})`;
    case "validate":
      return "the validation";
  }
}

const questionOf = ({ decision }: RecordedDecision): Question =>
  decision.kind === "expired" ? decision.question : decision;

/** The recorded decision on a question; undefined while there is none. */
export const decisionOn = (
  recorded: readonly RecordedDecision[] | undefined,
  question: Question,
): RecordedDecision | undefined => recorded?.find((one) => inWords(questionOf(one)) === inWords(question));

/** What was decided, in one word. Two decisions on one question agree when their words are equal. */
export function answerOf(decision: Decision): string {
  switch (decision.kind) {
    case "confirm":
      return decision.skipped ? "skip" : decision.done ? "done" : "not done";
    case "resolve":
      return decision.answer;
    case "validate":
      return decision.verdict;
  }
}

/** Who decided what and when, for people. */
export function whoDecided({ decision, decidedAt }: RecordedDecision): string {
  if (decision.kind === "expired") return `nobody decided on ${inWords(decision.question)} in time, until ${decidedAt}`;
  return `${decision.by} decided "${answerOf(decision)}" on ${inWords(decision)} at ${decidedAt}`;
}
