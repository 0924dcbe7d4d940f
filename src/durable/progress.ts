import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import type { Step } from "../domain/execution.js";
import { StepStatus } from "../domain/vocabulary.js";
import { failureOf } from "./refusal.js";

/** A step as it travels: `[id, status, started, ended or 0, note]`, times in milliseconds since the epoch. */
const packedStep = z.tuple([z.string(), StepStatus, z.number(), z.number(), z.string()]);

/** Steps as they stand in custom status and in a child's answer: packed, since a custom status has little room. */
export const packedSteps = z.array(packedStep);
export type PackedSteps = z.output<typeof packedSteps>;

/** Why an orchestration that runs does not get on, for as long as it does not. */
const standstill = z.object({ standsStill: z.string().optional() });
export type Standstill = z.output<typeof standstill>;

const customStatus = z.object({ steps: packedSteps });

/** The extension fails an orchestration whose custom status passes 16 KiB of UTF-16. */
export const LONGEST_STATUS_CHARS = 8_000;
const LONGEST_NOTE_CHARS = 240;
const LONGEST_STANDSTILL_CHARS = 600;

/** Steps in the words of the execution's tree; `titleOf` names them for people. */
export function unpackSteps(steps: PackedSteps, titleOf: (id: string) => string): Step[] {
  return steps.map(([id, status, started, ended, note]) => ({
    id,
    title: titleOf(id),
    status,
    startedAt: new Date(started).toISOString(),
    ...(ended > 0 ? { endedAt: new Date(ended).toISOString() } : {}),
    ...noteOf(status, note),
  }));
}

function noteOf(status: StepStatus, note: string): Pick<Step, "detail" | "error"> {
  if (note === "") return {};
  return status === "failed" ? { error: failureOf(new Error(note)) } : { detail: note };
}

/** The steps in an orchestration's custom status; none when there is no status yet. */
export function stepsOfStatus(status: unknown): PackedSteps {
  const parsed = customStatus.safeParse(status);
  return parsed.success ? parsed.data.steps : [];
}

/** What a custom status says of a standstill: nothing while there is none. */
export const standstillFor = (why: string | undefined): Standstill =>
  why === undefined ? {} : { standsStill: why.slice(0, LONGEST_STANDSTILL_CHARS) };

/** Why an orchestration stands still by its own custom status; undefined when it does not. */
export function standstillIn(status: unknown): string | undefined {
  const parsed = standstill.safeParse(status);
  return parsed.success ? parsed.data.standsStill : undefined;
}

/**
 * The steps of one story as they happen. Costs no write of its own: they are shown in the custom status, by the
 * story itself, or for an item of many by the orchestration that tells them side by side.
 */
export class Progress {
  readonly #context: OrchestrationContext;
  readonly #itemId: string | undefined;
  readonly #steps: PackedSteps = [];
  #standstill: Standstill = {};

  constructor(context: OrchestrationContext, itemId?: string) {
    this.#context = context;
    this.#itemId = itemId;
  }

  /** Runs `body` as a step: running while it runs, then succeeded, or failed with the reason. */
  *step<Y, T>(id: string, body: () => Generator<Y, T, unknown>): Generator<Y, T, unknown> {
    this.#open(id, "running");
    try {
      const result = yield* body();
      this.#close(id, "succeeded");
      return result;
    } catch (thrown) {
      const { code, message } = failureOf(thrown);
      this.#close(id, "failed", `[${code}] ${message}`);
      throw thrown;
    }
  }

  /** Says that the step under way waits for a person, and for what. */
  awaitInput(id: string, asks: string): void {
    this.#replace(id, (step) => [step[0], "awaiting-input", step[2], step[3], asks.slice(0, LONGEST_NOTE_CHARS)]);
  }

  /** Says of a step what it found. */
  note(id: string, note: string): void {
    this.#replace(id, (step) => [step[0], step[1], step[2], step[3], note.slice(0, LONGEST_NOTE_CHARS)]);
  }

  /** Says why the story does not get on; undefined when it does again. */
  standStill(why: string | undefined): void {
    this.#standstill = standstillFor(why);
    this.#show();
  }

  /** Records a step that did not run, and why. */
  skip(id: string, why: string): void {
    this.#open(id, "running");
    this.#close(id, "skipped", why);
  }

  /** The steps so far: what is told of them stays as it was when more of them follow. */
  get packed(): PackedSteps {
    return [...this.#steps];
  }

  #now(): number {
    return this.#context.df.currentUtcDateTime.getTime();
  }

  #open(id: string, status: StepStatus): void {
    this.#steps.push([id, status, this.#now(), 0, ""]);
    this.#show();
  }

  #close(id: string, status: StepStatus, note?: string): void {
    this.#replace(id, (step) => [
      step[0],
      status,
      step[2],
      this.#now(),
      (note ?? step[4]).slice(0, LONGEST_NOTE_CHARS),
    ]);
    const of = this.#itemId === undefined ? "" : ` of ${this.#itemId}`;
    log(this.#context, `step ${id}${of} ${status}${note ? `: ${note}` : ""}`);
  }

  #replace(id: string, change: (step: PackedSteps[number]) => PackedSteps[number]): void {
    const index = this.#steps.findLastIndex((step) => step[0] === id);
    const step = this.#steps[index];
    if (!step) return;
    this.#steps[index] = change(step);
    this.#show();
  }

  #show(): void {
    if (this.#itemId !== undefined) return;
    const full = { steps: this.#steps, ...this.#standstill };
    const fits = JSON.stringify(full).length <= LONGEST_STATUS_CHARS;
    this.#context.df.setCustomStatus(fits ? full : { ...full, steps: this.#steps.slice(-60).map(withoutNote) });
  }
}

function withoutNote(step: PackedSteps[number]): PackedSteps[number] {
  return [step[0], step[1], step[2], step[3], ""];
}

/** Logs once, not again at every replay. */
export function log(context: OrchestrationContext, message: string): void {
  if (!context.df.isReplaying) context.info(`${context.df.instanceId} ${message}`);
}
