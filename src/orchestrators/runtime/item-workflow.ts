/**
 * Item workflows: what is done to one item, as a list of steps of the catalogue.
 *
 * - W1 The list is all there is: it drives the run, and it is the item's timeline from the beginning.
 *   (test/orchestrators/timeline.test.ts)
 * - W2 A step that fails, or that a person does not wait for, is abandoned at the hypervisor before anything else
 *   happens, so it has no late effect. (test/orchestrators/hanging.test.ts, test/orchestrators/continue-without.test.ts)
 * - W3 A step that failed or was cancelled while polling may still have taken effect. Where the step has a
 *   predicate for that (`isDone`), the estate decides. (test/orchestrators/lost-answers.test.ts)
 * - W4 A workflow never throws: it reports how its item came out. Only non-determinism ends the orchestration.
 *   (test/replay/histories.test.ts)
 */
import type { OrchestrationContext } from "durable-functions";
import type { z } from "zod";
import type { Failure } from "../../domain/execution.js";
import type { ItemState } from "../../domain/vocabulary.js";
import { type Durable, inParallel } from "../../durable/call.js";
import { type Fiber, runFibers } from "../../durable/fiber-scheduler.js";
import { blockedStatus } from "../../durable/progress.js";
import { failureOf } from "../../durable/refusal.js";
import { retryUntilReadable } from "../../durable/retry-until-readable.js";
import { sliceStatusOf } from "../../durable/slice-status.js";
import { type ItemReport, type SettledItem, settleItems } from "../../executions/contracts.js";
import { ITEM_STEPS, type ItemStep } from "../../steps/catalogue.js";
import type { ParamsOf, ResultOf } from "../../steps/contracts.js";
import { type ItemWorkflowName, itemBatch } from "./contracts.js";
import { sliceInstanceId, slicesOf } from "./instance-ids.js";
import { type ItemCircumstances, ItemContext } from "./item-context.js";

/** How the item is protected, as the estate shows it. */
type Protection = ResultOf<"find-protection">;

interface StepOptions<N extends ItemStep> {
  /** Whether the step is part of the run; always when missing. */
  when?: (circumstances: ItemCircumstances) => boolean;
  params?: (item: ItemContext) => ParamsOf<N>;
  /** Takes what the step answered. */
  onResult?: (item: ItemContext, result: ResultOf<N>) => void;
  /** Whether the estate shows that the step has taken effect although it failed. */
  isDone?: (found: Protection, item: ItemContext) => boolean;
  /** After the step is done, whether it answered or not. */
  onDone?: (item: ItemContext) => void;
  onFailure?: (item: ItemContext, failure: Failure) => void;
  /** A step that a person skips fails, because the stage decides about the item. Otherwise its workflow goes on. */
  failsWhenSkipped?: true;
  /** Whether the workflow goes on when the step fails; a cancel ends it nevertheless. */
  mayFail?: (item: ItemContext) => boolean;
}

/** Options may be missing only for steps that take no params. */
type Options<N extends ItemStep> =
  Record<string, never> extends ParamsOf<N>
    ? [options?: StepOptions<N>]
    : [options: StepOptions<N> & Required<Pick<StepOptions<N>, "params">>];

export interface WorkflowStep {
  readonly name: ItemStep;
  readonly when: (circumstances: ItemCircumstances) => boolean;
  readonly run: (item: ItemContext) => Fiber<void>;
}

/** One step of an item workflow. */
export function step<N extends ItemStep>(name: N, ...[options = {}]: Options<N>): WorkflowStep {
  const {
    when = () => true,
    params,
    onResult,
    isDone,
    onDone,
    onFailure,
    mayFail,
    failsWhenSkipped,
  }: StepOptions<N> = options;
  return {
    name,
    when,
    *run(item) {
      try {
        const result = yield* item.execute(name, params?.(item) ?? ({} as ParamsOf<N>));
        onResult?.(item, result);
      } catch (thrown) {
        const failure = failureOf(thrown);
        if (failure.code === "skipped" && !failsWhenSkipped) return item.skipped(name, failure.message);
        onFailure?.(item, failure);
        if (failure.code !== "cancelled" && mayFail?.(item)) return;
        if (!isDone?.(yield* item.execute("find-protection", {}), item)) throw thrown;
        item.progress.note("find-protection", "the step has taken effect");
      }
      onDone?.(item);
    },
  };
}

/** The state that a workflow leaves its item in; missing leaves the state as it is. */
interface EndStates {
  succeeded?: ItemState;
  failed?: ItemState;
}

/** What a workflow that succeeds records in addition to the state. */
interface Marks {
  tested?: boolean;
  failedOver?: boolean;
  restored?: boolean;
}

export interface ItemWorkflow {
  readonly steps: readonly WorkflowStep[];
  readonly ends: EndStates;
  readonly marks: Marks;
  /** A failure names everything that is then not undone. */
  readonly undoes: boolean;
}

/** An item workflow: its steps in order, and the states that it ends in. */
export const itemWorkflow = (
  { marks = {}, undoes = false, ...ends }: EndStates & { marks?: Marks; undoes?: boolean },
  steps: readonly WorkflowStep[],
): ItemWorkflow => ({ steps, ends, marks, undoes });

/** Runs the steps of a workflow that apply to the item, in order. */
function* runItemWorkflow({ steps, ends, marks, undoes }: ItemWorkflow, item: ItemContext): Fiber<SettledItem> {
  const applicable = steps.filter(({ when }) => when(item.circumstances));
  item.progress.expect(applicable.map(({ name }) => name));
  let done = 0;
  try {
    for (const { run } of applicable) {
      yield* run(item);
      done += 1;
    }
    return settled(item, "succeeded", ends.succeeded, marks, null);
  } catch (thrown) {
    const isLeft = undoes && item.reached === undefined;
    const failure = isLeft ? withRest(failureOf(thrown), applicable.slice(done)) : failureOf(thrown);
    const outcome = failure.code === "cancelled" ? "cancelled" : "failed";
    return settled(item, outcome, item.reached ?? ends.failed, {}, failure);
  }
}

/** The failure of an undo, with the steps that still have to be done. */
const withRest = ({ code, message }: Failure, rest: readonly WorkflowStep[]): Failure => ({
  code,
  message: `${message}. Not done: ${rest.map(({ name }) => ITEM_STEPS[name].title.toLowerCase()).join(", ")}`,
});

function settled(
  { input, progress, findings }: ItemContext,
  outcome: "succeeded" | "failed" | "cancelled",
  state: ItemState | undefined,
  marks: Marks,
  failure: Failure | null,
): SettledItem {
  const { point = null, dataLoss = null, runningAtMs = null, replicated, epoch, activeSiteId, direction } = findings;
  const { leftovers, skipped = [] } = findings;
  const notes = [...skipped, ...(leftovers ? [`still there of its test: ${leftovers.join(", ")}`] : [])];
  const report = {
    itemId: input.item.itemId,
    outcome,
    failure,
    point,
    dataLoss,
    runningAtMs,
    ...(replicated && { replicated }),
    ...(leftovers && { leftovers }),
    ...(notes.length > 0 && { note: notes.join("; ").slice(0, 2_000) }),
  };
  const steps = progress.begun;
  if (state === undefined) return { report, steps, change: null };
  return {
    report,
    steps,
    change: {
      state,
      reason: failure === null ? null : `${failure.message} [${failure.code}]`,
      ...marks,
      ...(epoch === undefined ? {} : { epoch }),
      ...(activeSiteId === undefined ? {} : { activeSiteId }),
      ...(direction === undefined ? {} : { direction }),
      ...(point === null ? {} : { recoveryPoint: point, dataLoss }),
    },
  };
}

/** Runs one workflow for many items, each as a fiber at its own pace, and records their results. */
export const itemBatchOrchestration = (workflows: Readonly<Record<ItemWorkflowName, ItemWorkflow>>) =>
  function* (context: OrchestrationContext): Durable<z.output<typeof itemBatch.output>> {
    const { items: tasks, ...rest } = itemBatch.input.parse(context.df.getInput());
    const { stage, slice, workflow, ...execution } = rest;
    const slices = slicesOf(tasks);
    if (slices.length > 1) {
      const children = slices.map((some, index) => ({
        id: sliceInstanceId(execution.executionId, stage, index + 1),
        input: { ...rest, slice: index + 1, items: some },
      }));
      const answers = yield* inParallel(context, itemBatch, children);
      return answerOf(
        answers.flatMap(({ reports }) => reports),
        answers.map(({ revision }) => revision),
      );
    }
    const items = tasks.map((item) => new ItemContext(context, { ...execution, item }));
    const show = (blockedReason?: string): void => {
      const steps = () => items.map(({ task, progress }) => ({ itemId: task.itemId, steps: progress.packed }));
      // Packed only when it is sent: packing at every idle of every replay would cost more than everything else.
      const toJSON = (): object => sliceStatusOf(steps(), blockedStatus(blockedReason));
      context.df.setCustomStatus({ toJSON });
    };
    const fibers = items.map((item) => ({
      key: item.task.itemId,
      fiber: runItemWorkflow(workflows[workflow], item),
    }));
    const settled = yield* runFibers(context, fibers, show);
    const { worldId, executionId, verb } = execution;
    const settling = { worldId, executionId, verb, stage, slice, items: settled };
    const { revision } = yield* retryUntilReadable(context, settleItems, settling, show);
    return answerOf(
      settled.map(({ report }) => report),
      [revision],
    );
  };

function answerOf(reports: ItemReport[], revisions: (number | undefined)[]): z.output<typeof itemBatch.output> {
  const revision = Math.max(0, ...revisions.map((one) => one ?? 0));
  return revision === 0 ? { reports } : { reports, revision };
}

/** A value that the caller always gives. Its absence is a bug, not a mistake of a user. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
}
