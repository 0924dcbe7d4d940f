import type { OrchestrationContext } from "durable-functions";
import type { z } from "zod";
import {
  closeExecution,
  findCancel,
  type ItemReport,
  openExecution,
  type RunItem,
  type RunPlan,
} from "../activities/contracts/execution.js";
import { RecoveryError } from "../domain/errors.js";
import type { CancelRequest, Failure, ItemOutcome } from "../domain/execution.js";
import { endStatus } from "../domain/plans/failure-policy.js";
import { callActivity, type Durable } from "../durable/call.js";
import type { OrchestrationContract } from "../durable/contract.js";
import { Progress } from "../durable/progress.js";
import { failureOf } from "../durable/refusal.js";
import { UndoStack } from "../durable/undo.js";
import { untilMended } from "../durable/until-mended.js";
import { Mailbox } from "../durable/wait.js";
import { DECISION_EVENT, type Decision, decision } from "./contracts.js";
import { notify } from "./notify.js";

/** Failures after which what was done is taken back; after any other the items stay where they are. */
const UNDONE_AFTER: ReadonlySet<string> = new Set([
  "cancelled",
  "validation-rejected",
  "shutdown-failed",
  "undone-after-failure",
]);

/** What an item is left with when a cancel only stops (P7). */
const AS_DOCUMENTED =
  "cancelled as documented: the failover stopped and the items do not replicate again; fail over again, or cancel the failover to restore protection";

/** One execution under way: its plan, its steps, what people decided and how its items came out so far. */
export class Run {
  readonly context: OrchestrationContext;
  readonly plan: RunPlan;
  readonly progress: Progress;
  readonly undo = new UndoStack();
  readonly decisions: Mailbox<typeof decision>;
  /** How each item came out so far. */
  readonly reports: Map<string, ItemReport>;
  /** Items that a planned failover does not bring up, since their sources were not let go. */
  readonly leftBehind = new Set<string>();
  failedActions = 0;
  /** Questions asked about failures so far. */
  asks = 0;
  /** True once a story of an item has begun. */
  touched = false;
  cancel: Pick<CancelRequest, "behaviour"> | undefined;

  constructor(context: OrchestrationContext, plan: RunPlan) {
    this.context = context;
    this.plan = plan;
    this.progress = new Progress(context);
    this.decisions = new Mailbox(context, DECISION_EVENT, decision);
    this.reports = new Map(
      plan.groups.flatMap(({ items }) =>
        items.flatMap((item) => (item.alreadyDone ? [[item.id, leftAlone(item)]] : [])),
      ),
    );
  }

  /** The ids that every step of the execution carries. */
  get on(): { worldId: string; executionId: string } {
    return { worldId: this.plan.worldId, executionId: this.plan.executionId };
  }

  get itemIds(): string[] {
    return this.plan.groups.flatMap(({ items }) => items.map(({ id }) => id));
  }

  /** Runs a step of the plan, shown under `id`. */
  step<T>(id: string, body: () => Durable<T>): Durable<T> {
    return this.progress.step(id, body);
  }

  /**
   * Waits for a decision that `wants` admits, until `limitMs` of real time have passed; undefined when they have.
   * A cancel ends any wait.
   */
  *decide<D extends Decision>(wants: (candidate: Decision) => candidate is D, limitMs: number): Durable<D | undefined> {
    const deadline = new Date(this.context.df.currentUtcDateTime.getTime() + limitMs);
    for (;;) {
      const made = yield* this.decisions.next(deadline);
      if (made === undefined) return undefined;
      if (made.kind === "cancel") {
        this.cancel = made;
        throw new RecoveryError("cancelled", `cancelled by ${made.by}`);
      }
      if (wants(made)) return made;
    }
  }
}

/** A verb's story over a run; it throws the failure that ends it. */
export type Story = (run: Run) => Durable<void>;

/** A story as an orchestration: opens the execution, tells the story, undoes where it must, and closes the record. */
export function executionOrchestration(
  contract: OrchestrationContract,
  story: Story,
): (context: OrchestrationContext) => Durable<{ status: string }> {
  return function* (context) {
    const { executionId } = openExecution.input.parse(contract.input.parse(context.df.getInput()));
    const opened = yield* openOrClose(context, executionId);
    if (!opened.open) return { status: opened.why };
    const run = new Run(context, opened.plan);
    yield* notify(context, opened.plan, "started", { items: run.itemIds.length });
    const failure = yield* tell(run, function* (told) {
      yield* story(told);
      if (!told.touched) yield* takeBack(told); // what was made for items that then had no part in it
      yield* close(told, null);
    });
    const ended = failure === null ? { status: endingOf(run, null).status } : yield* close(run, failure);
    yield* notify(context, opened.plan, "ended", ended);
    return ended;
  };
}

/** One that cannot be opened, for a damaged row say, has touched nothing: its items go back to where they were. */
function* openOrClose(
  context: OrchestrationContext,
  executionId: string,
): Durable<z.output<typeof openExecution.output>> {
  try {
    return yield* callActivity(context, openExecution, { executionId });
  } catch (thrown) {
    const closing = { executionId, status: "failed", failure: failureOf(thrown), touched: false } as const;
    const progress = new Progress(context);
    yield* untilMended(context, closeExecution, { ...closing, reports: [], steps: [] }, (why) =>
      progress.standStill(why),
    );
    return { open: false, why: closing.status };
  }
}

function* close(run: Run, failure: Failure | null): Durable<{ status: string }> {
  const ending = endingOf(run, failure);
  const closing = { executionId: run.plan.executionId, ...ending };
  yield* untilMended(run.context, closeExecution, closing, (why) => run.progress.standStill(why));
  return { status: ending.status };
}

function* tell(run: Run, story: Story): Durable<Failure | null> {
  try {
    yield* story(run);
    return null;
  } catch (thrown) {
    let failure = failureOf(thrown);
    if (failure.code === "cancelled") run.cancel ??= yield* cancelRequest(run);
    const onlyStops = failure.code === "cancelled" && run.cancel?.behaviour === "as-documented";
    if (run.touched && (onlyStops || !UNDONE_AFTER.has(failure.code))) run.undo.keep();
    if (run.touched && onlyStops) failure = { code: "cancelled", message: AS_DOCUMENTED };
    const left = yield* unwound(run);
    return left === null ? failure : { code: "undo-failed", message: `${failure.message}; ${left}`.slice(0, 2_000) };
  }
}

/** Takes back what was done; the story ends as one that could not when some of it stays. */
function* takeBack(run: Run): Durable<void> {
  const left = yield* unwound(run);
  if (left !== null) throw new RecoveryError("undo-failed", left.slice(0, 2_000));
}

/** Takes back what was done, and says what could not be; null when nothing is left of it. */
function* unwound(run: Run): Durable<string | null> {
  const outcomes = yield* run.undo.unwind();
  const left = outcomes.flatMap(({ step, failure }) => (failure ? [`${step}: ${failure.message}`] : []));
  return left.length === 0 ? null : `not undone: ${left.join("; ")}`;
}

/** An activity may see a cancel before its event arrives, and then the record says which it is. */
function* cancelRequest(run: Run): Durable<Pick<CancelRequest, "behaviour"> | undefined> {
  const { cancel } = yield* callActivity(run.context, findCancel, { executionId: run.plan.executionId });
  return cancel ?? undefined;
}

function endingOf(run: Run, failure: Failure | null): Omit<z.input<typeof closeExecution.input>, "executionId"> {
  const reports = run.itemIds.map((itemId) => run.reports.get(itemId) ?? neverBegun(itemId, failure));
  const cancelled = failure?.code === "cancelled" || run.cancel !== undefined;
  const reached = endStatus({ outcomes: reports, failedActions: run.failedActions, cancelled });
  const status = failure !== null && !cancelled ? "failed" : reached;
  const nothingDone = { code: "operation-failed", message: "no item came through; the items say why" };
  return {
    status,
    failure: status === "failed" || status === "cancelled" ? (failure ?? nothingDone) : null,
    touched: run.touched,
    reports,
    steps: run.progress.packed,
  };
}

/** An item that another execution has brought where this one would (B.4), or that there is nothing to do for. */
const leftAlone = ({ id, passedOver }: RunItem): ItemReport => ({
  itemId: id,
  ...(passedOver === null ? { outcome: "already-done" } : { outcome: "not-applicable", note: passedOver }),
  failure: null,
  point: null,
  dataLoss: null,
  runningAtMs: null,
});

function neverBegun(itemId: string, failure: Failure | null): ItemReport {
  const outcome: ItemOutcome["outcome"] = failure?.code === "cancelled" ? "cancelled" : "skipped";
  return { itemId, outcome, failure, point: null, dataLoss: null, runningAtMs: null };
}
