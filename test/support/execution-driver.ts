import type { Awaited } from "../../src/commands/awaited-calls.js";
import { isEnded } from "../../src/domain/plans/failure-policy.js";
import type { ExecutionStatus, FailureAnswer } from "../../src/domain/vocabulary.js";

/** The decisions of a test. By default it confirms every manual action and accepts the result. */
export interface Answers {
  verdict?: "accept" | "reject";
  done?: boolean;
  /** One for each question about a failure, in order; `stop` when there are no more. */
  failures?: readonly FailureAnswer[];
}

export type Decision =
  | { kind: "confirm"; actionId: string; ask: number; done: boolean }
  | { kind: "validate"; verdict: "accept" | "reject" }
  | { kind: "resolve"; ask: number; answer: FailureAnswer };

type Asked = Exclude<Awaited, { kind: "approval" }>;

interface ExecutionState {
  status: ExecutionStatus;
  awaits: readonly (Awaited | { kind: "continue-without" } | { kind: "commit-timer" })[];
}

/** An app that runs executions: `VirtualApp` in memory and virtual time, `RunningApp` over HTTP. */
interface ExecutionDriver<View extends ExecutionState> {
  until(executionId: string, wanted: (view: View) => boolean): Promise<View>;
  decide(executionId: string, decision: Decision): Promise<void>;
}

/** What a test answers; a stuck step ends by its limit, and approvals are for the people whom a test brings. */
const questionsOf = (awaits: ExecutionState["awaits"]): Asked[] =>
  awaits.flatMap((awaited) =>
    awaited.kind === "continue-without" || awaited.kind === "approval" || awaited.kind === "commit-timer"
      ? []
      : [awaited],
  );

/** Answers everything that an execution asks for until it has ended. */
export async function finish<View extends ExecutionState>(
  app: ExecutionDriver<View>,
  executionId: string,
  answers: Answers = {},
): Promise<View> {
  const failures = [...(answers.failures ?? [])];
  for (;;) {
    const view = await app.until(
      executionId,
      ({ status, awaits }) => isEnded(status) || questionsOf(awaits).length > 0,
    );
    const [asked] = questionsOf(view.awaits);
    if (asked === undefined) return view;
    await app.decide(executionId, decisionOn(asked, answers, failures));
    const question = JSON.stringify(asked);
    await app.until(
      executionId,
      ({ status, awaits }) => isEnded(status) || JSON.stringify(questionsOf(awaits)[0]) !== question,
    );
  }
}

function decisionOn(asked: Asked, answers: Answers, failures: FailureAnswer[]): Decision {
  switch (asked.kind) {
    case "confirm":
    case "call-back":
      return { kind: "confirm", actionId: asked.actionId, ask: asked.ask, done: answers.done ?? true };
    case "validate":
      return { kind: "validate", verdict: answers.verdict ?? "accept" };
    case "resolve":
      return { kind: "resolve", ask: asked.ask, answer: failures.shift() ?? "stop" };
  }
}
