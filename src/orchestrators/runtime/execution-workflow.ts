import type { OrchestrationContext, Task } from "durable-functions";
import { type Decision, inWords, type Question } from "../../domain/decisions.js";
import { RecoveryError } from "../../domain/errors.js";
import type { CancelRequest, Failure } from "../../domain/execution.js";
import { call, callActivity, type Durable } from "../../durable/call.js";
import { HELD_MS, type StepRuntime } from "../../durable/poll-until-done.js";
import { Progress } from "../../durable/progress.js";
import { failureOf } from "../../durable/refusal.js";
import { UndoStack } from "../../durable/undo.js";
import { Mailbox } from "../../durable/wait.js";
import {
  type ExecutionGroup,
  type ExecutionItem,
  type ExecutionPlan,
  expireQuestion,
  findCancel,
  type ItemReport,
} from "../../executions/contracts.js";
import { ApprovalState } from "./approval-state.js";
import { runCommitTimer } from "./commit-timer.js";
import { DECISION_EVENT, type DecisionEvent, decision, executionInput } from "./contracts.js";
import { endingOf, NOTHING_RECOVERED, reportOfUntouched } from "./ending.js";
import { Notifier } from "./notify.js";
import { closeAs, openOrClose } from "./open-and-close.js";
import { SteeringState } from "./steering-state.js";
import { ApproverMessages } from "./tell-approvers.js";

/** Failures after which what was done is undone; after any other the items stay where they are. */
const UNDONE_AFTER: ReadonlySet<string> = new Set([
  "cancelled",
  "validation-rejected",
  "shutdown-failed",
  "undone-after-failure",
]);

/** The failure of an execution whose cancel only stops it (P7). */
const AS_DOCUMENTED =
  "cancelled as documented: the failover stopped and the items do not replicate; fail over again, or cancel to restore protection";

/** One running execution: its plan, its steps, the decisions of people, and the reports of its items so far. */
export class ExecutionContext {
  readonly context: OrchestrationContext;
  /** What it runs. An edit or a switch to unplanned changes what has not begun. */
  plan: ExecutionPlan;
  readonly steering = new SteeringState();
  readonly approvals = new ApprovalState();
  readonly progress: Progress;
  readonly notifier: Notifier;
  readonly approvers: ApproverMessages;
  readonly undo = new UndoStack();
  /** The newest report of each item. */
  readonly reports: Map<string, ItemReport>;
  /** Items that could not go any more when the execution began; they stay where they are. */
  readonly leftOut = new Set<string>();
  /** Items that a planned failover does not bring up, because their sources could not be shut down. */
  readonly leftBehind = new Set<string>();
  /** Items whose sources this execution has shut down, or tried to. */
  readonly released = new Set<string>();
  /** Items whose failover has begun. */
  readonly begun = new Set<string>();
  /** What is left of tests of each item, when somebody last looked. */
  readonly left = new Map<string, string[]>();
  failedActions = 0;
  /** Questions asked about failures so far. */
  asks = 0;
  /** True once an item workflow has begun. */
  touched = false;
  cancel: Pick<CancelRequest, "behaviour"> | undefined;
  readonly #decisions: Mailbox<typeof decision>;

  constructor(context: OrchestrationContext, plan: ExecutionPlan) {
    this.context = context;
    this.plan = plan;
    this.progress = new Progress(context);
    this.notifier = new Notifier(context, () => this.plan);
    this.approvers = new ApproverMessages(context, plan.executionId);
    this.#decisions = new Mailbox(context, DECISION_EVENT, decision);
    this.reports = new Map(
      this.items.flatMap((item) => (item.alreadyDone ? [[item.id, reportOfUntouched(item)]] : [])),
    );
  }

  /** The ids that every step of the execution carries. */
  get ids(): { worldId: string; executionId: string } {
    return { worldId: this.plan.worldId, executionId: this.plan.executionId };
  }

  get items(): ExecutionItem[] {
    return [...this.plan.groups.flatMap(({ items }) => items), ...this.steering.takenOut];
  }

  /** Items that are not yet where this execution would bring them. */
  get itemsToDo(): ExecutionItem[] {
    return this.items.filter(({ id, alreadyDone }) => !alreadyDone && !this.leftOut.has(id));
  }

  /** Items of a group to bring up: those to do that were not left behind. */
  itemsToBringUp({ items }: ExecutionGroup): ExecutionItem[] {
    return items.filter(({ id, alreadyDone }) => !alreadyDone && !this.leftOut.has(id) && !this.leftBehind.has(id));
  }

  /** The groups of some items, with those items only. */
  groupsOf(items: readonly ExecutionItem[]): ExecutionGroup[] {
    const ids = new Set(items.map(({ id }) => id));
    const groups = this.plan.groups.map((group) => ({ ...group, items: group.items.filter(({ id }) => ids.has(id)) }));
    return groups.filter((group) => group.items.length > 0);
  }

  /** Runs a step of the plan, shown under `id`. */
  step<T>(id: string, body: () => Durable<T>): Durable<T> {
    return this.progress.step(id, body);
  }

  /** Asks a person, tells the plan's addresses that somebody is awaited, and waits for the answer. */
  *ask<Q extends Question>(
    stepId: string,
    question: Q,
    asks: string,
    limitMs: number,
  ): Durable<AnswerTo<Q> | undefined> {
    const sinceMs = this.#now();
    this.progress.awaitInput(stepId, asks);
    const awaits = { ...question, asks, until: new Date(sinceMs + limitMs).toISOString() };
    yield* this.notifier.tellAwaited(awaits, this.reports.values());
    return yield* this.awaitAnswer(question, { stepId, sinceMs, limitMs });
  }

  /** How the execution itself polls a step: a cancel ends its sleep, and so does steering. */
  get runtime(): StepRuntime<Task> {
    const { context } = this;
    const sleep = (waitMs: number) => this.#next(isSteered, waitMs);
    return {
      now: () => context.df.currentUtcDateTime.getTime(),
      call: (contract, input) => call(context, contract, input),
      *sleep(waitMs) {
        yield* sleep(waitMs);
      },
    };
  }

  /** Waits for the answer to a question, which stays open when the time is over. */
  decide<Q extends Question>(question: Q, limitMs: number): Durable<AnswerTo<Q> | undefined> {
    return this.#next((made): made is AnswerTo<Q> => answers(made, question), limitMs);
  }

  /** Waits until an approval may be decided or over, or until the time is. Its record says how it stands. */
  *approvalNews(approvalId: string, limitMs: number): Durable<void> {
    yield* this.#next(
      (made): made is ApprovalNews => made.kind === "approval" && made.approvalId === approvalId,
      limitMs,
    );
  }

  /** Waits for the answer to a question. When its time is over, and no steering moved its end, the question is closed. */
  *awaitAnswer<Q extends Question>(question: Q, wait: Wait): Durable<AnswerTo<Q> | undefined> {
    const { executionId } = this.plan;
    const input = { executionId, question };
    for (let leftMs = wait.sinceMs + wait.limitMs - this.#now(); ; ) {
      const made = yield* this.decide(question, leftMs);
      if (made !== undefined) return made;
      let end = yield* callActivity(this.context, expireQuestion, input);
      if (end.leftMs !== undefined) end = yield* callActivity(this.context, expireQuestion, { ...input, wait });
      if (end.leftMs === undefined) {
        return end.decision !== null && answers(end.decision, question) ? end.decision : undefined;
      }
      ({ leftMs } = end as { leftMs: number });
    }
  }

  /** Waits until the execution is steered, and asks for nothing meanwhile. */
  *awaitSteering(): Durable<void> {
    yield* this.#next(isSteered, HELD_MS);
  }

  /**
   * Waits for a decision that `accepts` takes, until `limitMs` of real time have passed; undefined when they have. A
   * cancel ends any wait. Meanwhile approvers are told.
   */
  *#next<D extends Heard>(accepts: (made: Heard) => made is D, limitMs: number): Durable<D | undefined> {
    const deadlineMs = this.#now() + limitMs;
    for (;;) {
      const { approvers } = this;
      const wakeMs = Math.min(deadlineMs, approvers.nextMs ?? deadlineMs);
      const made = yield* this.#decisions.next(new Date(wakeMs), () => approvers.begin());
      if (approvers.takeResults() && made === undefined) continue;
      if (made === undefined && wakeMs === deadlineMs) return undefined;
      if (made !== undefined && accepts(this.#heard(made))) return made as D;
    }
  }

  /** Takes in what any wait has to hear. */
  #heard(made: DecisionEvent): Heard {
    if (made.kind === "steered") this.steering.isBehind = true;
    if (made.kind !== "cancel") return made;
    this.cancel = made;
    throw new RecoveryError("cancelled", `cancelled by ${made.by}`);
  }

  #now(): number {
    return this.context.df.currentUtcDateTime.getTime();
  }
}

/** A wait for an answer: the step that shows it, and its time. */
export interface Wait {
  stepId: string;
  sinceMs: number;
  limitMs: number;
}

/** The decisions that answer a question of a kind. */
type AnswerTo<Q extends Question> = Extract<Decision, { kind: Q["kind"] }>;

/** What a wait may take. A cancel ends it instead. */
type Heard = Exclude<DecisionEvent, { kind: "cancel" }>;
type ApprovalNews = Extract<Heard, { kind: "approval" }>;

const answers = <Q extends Question>(made: Heard, question: Q): made is AnswerTo<Q> =>
  made.kind !== "approval" && made.kind !== "steered" && inWords(made) === inWords(question);

/** A sleep takes no decision. A cancel ends it nevertheless, and steering may concern the step that sleeps. */
const isSteered = (made: Heard): made is Extract<Heard, { kind: "steered" }> => made.kind === "steered";

/** What a verb does, from top to bottom. It throws the failure that ends it. */
export type ExecutionWorkflow = (execution: ExecutionContext) => Durable<void>;

/** A workflow as an orchestration: opens the execution, runs the workflow, undoes where it must, closes the record. */
export function executionOrchestration(
  workflow: ExecutionWorkflow,
): (context: OrchestrationContext) => Durable<{ status: string }> {
  return function* (context) {
    const { executionId } = executionInput.parse(context.df.getInput());
    const opened = yield* openOrClose(context, executionId);
    if (!opened.open) return { status: opened.why };
    const execution = new ExecutionContext(context, opened.plan);
    yield* execution.notifier.tell("started", { items: execution.items.length });
    const failure = yield* runWithUndo(execution, function* () {
      yield* workflow(execution);
      if (!execution.touched) yield* rollBack(execution); // what was prepared for items that then did not take part
      yield* closeAs(execution, null);
    });
    const ended = failure === null ? endingOf(execution, null) : yield* closeAs(execution, failure);
    yield* execution.notifier.tellEnd(ended);
    if (failure === null) yield* runCommitTimer(execution);
    yield* execution.approvers.drain();
    return { status: ended.status };
  };
}

/** Runs the body, and undoes what was done when its failure asks for that. Returns the failure, or null. */
function* runWithUndo(execution: ExecutionContext, body: () => Durable<void>): Durable<Failure | null> {
  try {
    yield* body();
    return null;
  } catch (thrown) {
    let failure = failureOf(thrown);
    const { undo, touched } = execution;
    if (failure.code === "cancelled") execution.cancel ??= yield* cancelRequest(execution);
    const onlyStops = failure.code === "cancelled" && execution.cancel?.behaviour === "as-documented";
    const worse = execution.released.size > 0 && !anyRecovered(execution);
    if (touched && (onlyStops || !(worse || UNDONE_AFTER.has(failure.code)))) undo.keep();
    if (touched && onlyStops) failure = { code: "cancelled", message: AS_DOCUMENTED };
    const left = yield* unwind(execution);
    return left === null ? failure : { code: "undo-failed", message: `${failure.message}; ${left}`.slice(0, 2_000) };
  }
}

/** Whether some item came through. If none did, the workloads that were shut down are started again. */
const anyRecovered = ({ itemsToDo, reports }: ExecutionContext): boolean =>
  itemsToDo.some(({ id }) => reports.get(id)?.outcome === "succeeded");

/** Ends an execution that shut workloads down and brought none of them up. */
export function requireRecovered(execution: ExecutionContext): void {
  if (execution.released.size === 0 || anyRecovered(execution)) return;
  throw new RecoveryError("operation-failed", NOTHING_RECOVERED);
}

/** Undoes what was done; throws when some of it stays. */
function* rollBack(execution: ExecutionContext): Durable<void> {
  const left = yield* unwind(execution);
  if (left !== null) throw new RecoveryError("undo-failed", left.slice(0, 2_000));
}

/** Undoes what was done. Returns what could not be undone, or null. */
function* unwind(execution: ExecutionContext): Durable<string | null> {
  const outcomes = yield* execution.undo.unwind();
  const left = outcomes.flatMap(({ step, failure }) => (failure ? [`${step}: ${failure.message}`] : []));
  return left.length === 0 ? null : `not undone: ${left.join("; ")}`;
}

/** An activity may see a cancel before its event arrives. Then the record says which kind of cancel it is. */
function* cancelRequest({ context, plan }: ExecutionContext): Durable<Pick<CancelRequest, "behaviour"> | undefined> {
  const { cancel } = yield* callActivity(context, findCancel, { executionId: plan.executionId });
  return cancel ?? undefined;
}
