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
import type { Failure, Replicated } from "../../domain/execution.js";
import { failoverTypeOf } from "../../domain/plans/failover-type.js";
import type { DataLoss, RecoveryPoint } from "../../domain/recovery-points/recovery-point-choice.js";
import type { Direction, ItemState, Scenario } from "../../domain/vocabulary.js";
import { type Durable, inParallel } from "../../durable/call.js";
import { type Fiber, fiberRuntime, runFibers } from "../../durable/fiber-scheduler.js";
import { pollUntilDone } from "../../durable/poll-until-done.js";
import { blockedStatus, Progress } from "../../durable/progress.js";
import { failureOf } from "../../durable/refusal.js";
import { retryUntilReadable } from "../../durable/retry-until-readable.js";
import { sliceStatusOf } from "../../durable/slice-status.js";
import { type SettledItem, settleItems } from "../../executions/contracts.js";
import { ITEM_STEPS, type ItemStep, isItemOperation } from "../../steps/catalogue.js";
import { abandonStep, type OnItem, type ParamsOf, type ResultOf, stepContract } from "../../steps/contracts.js";
import { type ItemInput, type ItemTask, type ItemWorkflowName, itemBatch } from "./contracts.js";
import { sliceInstanceId, slicesOf } from "./instance-ids.js";

/** What is known of an item before its workflow begins. `when` of a step decides on it. */
export interface ItemCircumstances {
  scenario: Scenario;
  direction: Direction;
  /** The failover was announced: nothing may be lost. */
  planned: boolean;
  attempt: number;
  /** A copy is left of a test of the item. */
  hasTestCopy: boolean;
  hasProbes: boolean;
}

/** What a workflow found out about its item. It is kept when a later step fails. */
interface Findings {
  point?: RecoveryPoint;
  dataLoss?: DataLoss;
  runningAtMs?: number;
  /** The epoch of the newest promotion that was asked for. */
  epoch?: number;
  /** Where the workload runs now. */
  activeSiteId?: string;
  /** Which way it replicates now, and what travelled for it. */
  direction?: Direction;
  replicated?: Replicated;
}

/** One item in one execution. */
export class ItemContext {
  readonly input: ItemInput;
  readonly task: ItemTask;
  readonly circumstances: ItemCircumstances;
  /** The ids that every step on the item carries. */
  readonly ids: OnItem;
  readonly progress: Progress;
  findings: Findings = {};
  /** The state that the item has reached, even if later steps fail; undefined while the workflow's end states apply. */
  reached: ItemState | undefined;
  readonly #context: OrchestrationContext;

  constructor(context: OrchestrationContext, input: ItemInput) {
    const { worldId, executionId, verb, item } = input;
    const { itemId, scenario, direction, attempt } = item;
    this.#context = context;
    this.input = input;
    this.task = item;
    this.circumstances = {
      ...{ scenario, direction, attempt },
      planned: failoverTypeOf(verb) === "planned",
      hasTestCopy: item.testExecutionId !== undefined,
      hasProbes: item.probes.length > 0,
    };
    this.ids = { worldId, executionId, itemId, attempt };
    this.progress = new Progress(context, itemId);
  }

  /** Executes one step, shown under its name. */
  *execute<N extends ItemStep>(name: N, params: ParamsOf<N>): Fiber<ResultOf<N>> {
    const runtime = fiberRuntime(this.#context);
    const input = { ...this.ids, params };
    const { queueLimitMs, stepLimitsMs } = this.input;
    const limits = { limitMs: stepLimitsMs[name] ?? queueLimitMs, queueLimitMs };
    try {
      return yield* this.progress.step(name, () =>
        pollUntilDone(runtime, stepContract(name), input, limits, (how) => this.progress.standing(name, how)),
      );
    } catch (thrown) {
      if (isItemOperation(name)) yield* this.#abandon(name);
      throw thrown;
    }
  }

  *#abandon(step: ItemStep): Fiber<void> {
    try {
      yield* fiberRuntime(this.#context).call(abandonStep, { ...this.ids, step });
    } catch {
      // A step that could not be abandoned stays under way, and the next operation on the item waits for it.
    }
  }

  /** A new epoch for the next promotion or its undo, above the one that the item had. */
  raiseEpoch(by: number): number {
    this.findings.epoch = this.task.epoch + by;
    return this.findings.epoch;
  }

  /** The copy that was brought up runs from now on. */
  started(): void {
    this.findings.runningAtMs = this.#context.df.currentUtcDateTime.getTime();
  }

  /** The workload runs at that site from now on. */
  running(siteId: string): void {
    this.findings.activeSiteId = siteId;
    this.started();
  }
}

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
  const { when = () => true, params, onResult, isDone, onDone, onFailure }: StepOptions<N> = options;
  return {
    name,
    when,
    *run(item) {
      try {
        const result = yield* item.execute(name, params?.(item) ?? ({} as ParamsOf<N>));
        onResult?.(item, result);
      } catch (thrown) {
        onFailure?.(item, failureOf(thrown));
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
  const report = {
    itemId: input.item.itemId,
    outcome,
    failure,
    point,
    dataLoss,
    runningAtMs,
    ...(replicated && { replicated }),
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
      return { reports: answers.flatMap(({ reports }) => reports) };
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
    yield* retryUntilReadable(context, settleItems, { worldId, executionId, verb, stage, slice, items: settled }, show);
    return { reports: settled.map(({ report }) => report) };
  };

/** A value that the caller always gives. Its absence is a bug, not a mistake of a user. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
}
