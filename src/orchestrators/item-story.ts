import type { OrchestrationContext } from "durable-functions";
import type { z } from "zod";
import type { SettledItem } from "../activities/contracts/execution.js";
import { giveUpStep } from "../activities/contracts/machines.js";
import type { Replicated } from "../domain/execution.js";
import type { DataLoss, RecoveryPoint } from "../domain/recovery-points/recovery-point-choice.js";
import type { Direction, ItemState } from "../domain/vocabulary.js";
import type { ActivityContract, PollingContract } from "../durable/contract.js";
import { type Fiber, fiberRuntime } from "../durable/fiber-scheduler.js";
import { pollUntilDone } from "../durable/poll-until-done.js";
import { Progress } from "../durable/progress.js";
import { failureOf } from "../durable/refusal.js";
import type { ItemInput } from "./contracts.js";

/** What a story came to know of its item on the way; kept also when it fails further on. */
interface Findings {
  point: RecoveryPoint | null;
  dataLoss: DataLoss | null;
  runningAtMs: number | null;
  /** The epoch of the newest promotion that was asked for. */
  epoch: number | null;
  /** Where the workload runs since this story. */
  activeSiteId: string | null;
  /** Which way it replicates since this story, and what travelled for it. */
  direction: Direction | null;
  replicated: Replicated | null;
}

type OnItem = { worldId: string; executionId: string; itemId: string; attempt: number };

/** One item in one execution, and the steps that can be done to it. */
export class ItemStory {
  readonly context: OrchestrationContext;
  readonly input: ItemInput;
  readonly progress: Progress;
  readonly findings: Findings = {
    point: null,
    dataLoss: null,
    runningAtMs: null,
    epoch: null,
    activeSiteId: null,
    direction: null,
    replicated: null,
  };

  /** Where the item is by now, whatever becomes of the steps that follow; null while the story's own ending says it. */
  reached: ItemState | null = null;

  constructor(context: OrchestrationContext, input: ItemInput) {
    this.context = context;
    this.input = input;
    this.progress = new Progress(context, input.item.itemId);
  }

  /** The ids that every step on the item carries. */
  get on(): OnItem {
    const { worldId, executionId, item } = this.input;
    return { worldId, executionId, itemId: item.itemId, attempt: item.attempt };
  }

  /** The moment of the episode, in milliseconds since the epoch. */
  get now(): number {
    return this.context.df.currentUtcDateTime.getTime();
  }

  /** Does one long step, shown under the contract's name. One that fails is given up, so that it has no late effect. */
  *do<I extends z.ZodType, O extends z.ZodType>(
    contract: PollingContract<I, O>,
    input: z.input<I>,
  ): Fiber<z.output<O>> {
    const ways = fiberRuntime(this.context);
    try {
      return yield* this.progress.step(contract.name, () =>
        pollUntilDone(ways, contract, input, this.input.stepLimitMs),
      );
    } catch (thrown) {
      yield* this.#giveUp(contract);
      throw thrown;
    }
  }

  *#giveUp({ name: step }: { name: string }): Fiber<void> {
    try {
      yield* fiberRuntime(this.context).call(giveUpStep, { ...this.on, step });
    } catch {
      // What the hypervisor does not hear of stays under way, and whatever comes next waits for it.
    }
  }

  /** Does one short step under a name of its own. */
  *check<I extends z.ZodType, O extends z.ZodType>(
    id: string,
    contract: ActivityContract<I, O>,
    input: z.input<I>,
  ): Fiber<z.output<O>> {
    const answer = yield* this.progress.step(id, () => fiberRuntime(this.context).call(contract, input));
    return contract.output.parse(answer);
  }

  /** Says of a step what it found. */
  note(contract: { name: string }, note: string): void {
    this.progress.note(contract.name, note);
  }

  /** From now on the workload runs at that site. */
  running(siteId: string): void {
    this.findings.activeSiteId = siteId;
    this.findings.runningAtMs = this.now;
  }
}

/** How a story ends for the item's record; null leaves its state as it is. */
export interface Ending {
  succeeded: ItemState | null;
  failed: ItemState | null;
}

/** The change that a story of this kind adds to the state. */
export interface Marks {
  tested?: boolean;
  failedOver?: boolean;
  restored?: boolean;
}

/** Tells what a story is about; it never throws, it reports how the item came out. */
export type ItemTeller = (story: ItemStory) => Fiber<SettledItem>;

/** A story with its endings. */
export function itemStory(ending: Ending, marks: Marks, tell: (story: ItemStory) => Fiber<void>): ItemTeller {
  return function* (story) {
    try {
      yield* tell(story);
      return settled(story, "succeeded", ending.succeeded, marks, null);
    } catch (thrown) {
      const failure = failureOf(thrown);
      const outcome = failure.code === "cancelled" ? "cancelled" : "failed";
      return settled(story, outcome, story.reached ?? ending.failed, {}, failure);
    }
  };
}

function settled(
  story: ItemStory,
  outcome: "succeeded" | "failed" | "cancelled",
  state: ItemState | null,
  marks: Marks,
  failure: SettledItem["report"]["failure"],
): SettledItem {
  const { point, dataLoss, runningAtMs, epoch, activeSiteId, direction, replicated } = story.findings;
  const reason = failure === null ? null : `${failure.message} [${failure.code}]`;
  return {
    report: {
      itemId: story.input.item.itemId,
      outcome,
      failure,
      point,
      dataLoss,
      runningAtMs,
      ...(replicated && { replicated }),
    },
    steps: story.progress.packed,
    change:
      state === null
        ? null
        : {
            state,
            reason,
            ...marks,
            ...(epoch === null ? {} : { epoch }),
            ...(activeSiteId === null ? {} : { activeSiteId }),
            ...(direction === null ? {} : { direction }),
            ...(point === null ? {} : { recoveryPoint: point, dataLoss }),
          },
  };
}
