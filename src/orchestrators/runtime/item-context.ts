import type { OrchestrationContext } from "durable-functions";
import type { Replicated } from "../../domain/execution.js";
import { failoverTypeOf } from "../../domain/plans/failover-type.js";
import type { DataLoss, RecoveryPoint } from "../../domain/recovery-points/recovery-point-choice.js";
import type { Direction, ItemState, Scenario } from "../../domain/vocabulary.js";
import { type Fiber, fiberRuntime } from "../../durable/fiber-scheduler.js";
import { pollUntilDone } from "../../durable/poll-until-done.js";
import { Progress } from "../../durable/progress.js";
import { ITEM_STEPS, type ItemStep, isItemOperation } from "../../steps/catalogue.js";
import { abandonStep, type OnItem, type ParamsOf, type ResultOf, stepContract } from "../../steps/contracts.js";
import type { ItemInput, ItemTask } from "./contracts.js";

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
  /** What is left of a test, although the workflow should have removed it. */
  leftovers?: string[];
  /** Steps that a person skipped, each with who and why. */
  skipped?: string[];
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

  /** A person decided to go on without a step. */
  skipped(name: ItemStep, why: string): void {
    this.progress.end(name, "skipped", why);
    this.findings.skipped = [...(this.findings.skipped ?? []), `"${ITEM_STEPS[name].title}" ${why}`];
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
