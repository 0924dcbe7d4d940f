import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import type { Step } from "../domain/execution.js";
import { StepStatus } from "../domain/vocabulary.js";
import type { TaskStanding } from "./poll-until-done.js";
import { failureOf } from "./refusal.js";

/** A packed step: `[id, status, started or 0, ended or 0, note]`, times in milliseconds since the epoch. */
const packedStep = z.tuple([z.string(), StepStatus, z.number(), z.number(), z.string()]);

/** Steps in a custom status or a child's answer. They are packed because a custom status is small. */
export const packedSteps = z.array(packedStep);
export type PackedSteps = z.output<typeof packedSteps>;

/** Why a running orchestration is blocked, while it is. */
const blocked = z.object({ blockedReason: z.string().optional() });
export type BlockedStatus = z.output<typeof blocked>;

const customStatus = z.object({ steps: packedSteps });

/** The extension fails an orchestration whose custom status passes 16 KiB of UTF-16. */
export const MAX_STATUS_CHARS = 8_000;
const MAX_NOTE_CHARS = 240;
const MAX_REASON_CHARS = 600;

/** Steps as the execution's tree shows them. `titleOf` names them for people. */
export function unpackSteps(steps: PackedSteps, titleOf: (id: string) => string): Step[] {
  return steps.map(([id, status, started, ended, note]) => ({
    id,
    title: titleOf(id),
    status,
    ...(started > 0 ? { startedAt: new Date(started).toISOString() } : {}),
    ...(ended > 0 ? { endedAt: new Date(ended).toISOString() } : {}),
    ...noteOf(status, note),
  }));
}

function noteOf(status: StepStatus, note: string): Pick<Step, "detail" | "error"> {
  if (note === "") return {};
  return status === "failed" ? { error: failureOf(new Error(note)) } : { detail: note };
}

/** The note of a step that does not begin while its execution is paused. */
export const HELD_NOTE = "held while the execution is paused";

/** A step that is stuck waits for a person, though not for ever: its limit ends it. */
const STANDINGS: Readonly<Record<TaskStanding, readonly [StepStatus, note: string]>> = {
  held: ["waiting", HELD_NOTE],
  queued: ["waiting", ""],
  "under-way": ["running", ""],
  hanging: ["awaiting-input", "the hypervisor reports that it hangs"],
  overdue: ["awaiting-input", "it takes unusually long"],
};

const NOT_BEGUN: ReadonlySet<TaskStanding> = new Set(["held", "queued"]);

/** The steps in an orchestration's custom status; none when there is no status yet. */
export function stepsOfStatus(status: unknown): PackedSteps {
  const parsed = customStatus.safeParse(status);
  return parsed.success ? parsed.data.steps : [];
}

/** The part of a custom status that says why it is blocked: nothing while it is not. */
export const blockedStatus = (reason: string | undefined): BlockedStatus =>
  reason === undefined ? {} : { blockedReason: reason.slice(0, MAX_REASON_CHARS) };

/** Why an orchestration is blocked by its own custom status; undefined when it is not. */
export function blockedReasonIn(status: unknown): string | undefined {
  const parsed = blocked.safeParse(status);
  return parsed.success ? parsed.data.blockedReason : undefined;
}

/**
 * The steps of one workflow as they happen. They cost no write of their own: they are shown in the custom status, by
 * the execution itself, or for an item by the orchestration that runs its batch.
 */
export class Progress {
  readonly #context: OrchestrationContext;
  readonly #itemId: string | undefined;
  readonly #steps: PackedSteps = [];
  #blocked: BlockedStatus = {};

  constructor(context: OrchestrationContext, itemId?: string) {
    this.#context = context;
    this.#itemId = itemId;
  }

  /** Announces steps that are yet to come. */
  expect(ids: readonly string[]): void {
    for (const id of ids) this.#steps.push([id, "waiting", 0, 0, ""]);
    this.#show();
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

  /** Begins a step that other steps of the workflow run beside. `end` ends it. */
  begin(id: string): void {
    this.#open(id, "running");
  }

  /** Ends a step that was begun. Without a note, it keeps the one that it has. */
  end(id: string, status: StepStatus, note?: string): void {
    this.#close(id, status, note);
  }

  /** Says that the step under way waits for a person, and for what. */
  awaitInput(id: string, asks: string): void {
    this.#replace(id, (step) => [step[0], "awaiting-input", step[2], step[3], asks.slice(0, MAX_NOTE_CHARS)]);
  }

  /** Says how the task of the step under way stands. Its time counts from when it left the queue. */
  standing(id: string, standing: TaskStanding): void {
    this.#replace(id, ([name, before, started, ended]) => {
      const since = before === "waiting" && !NOT_BEGUN.has(standing) ? this.#now() : started;
      const [status, note] = STANDINGS[standing];
      return [name, status, since, ended, note];
    });
  }

  /** Says of a step what it found. */
  note(id: string, note: string): void {
    this.#replace(id, (step) => [step[0], step[1], step[2], step[3], note.slice(0, MAX_NOTE_CHARS)]);
  }

  /** Says why the workflow is blocked; undefined when it goes on. */
  block(reason: string | undefined): void {
    this.#blocked = blockedStatus(reason);
    this.#show();
  }

  /** Records a step that did not run, and why. */
  skip(id: string, why: string): void {
    this.#open(id, "running");
    this.#close(id, "skipped", why);
  }

  /** A copy of all steps, which stays as it is when more of them happen. */
  get packed(): PackedSteps {
    return [...this.#steps];
  }

  /** The same without those that never began. */
  get begun(): PackedSteps {
    return this.#steps.filter(hasBegun);
  }

  #now(): number {
    return this.#context.df.currentUtcDateTime.getTime();
  }

  /** Replaces the step that was announced under the id, or goes before all steps that have not begun. */
  #open(id: string, status: StepStatus): void {
    const announced = this.#steps.findIndex((step) => step[0] === id && !hasBegun(step));
    const next = this.#steps.findIndex((step) => !hasBegun(step));
    const at = announced >= 0 ? announced : next >= 0 ? next : this.#steps.length;
    this.#steps.splice(at, announced >= 0 ? 1 : 0, [id, status, this.#now(), 0, ""]);
    this.#show();
  }

  #close(id: string, status: StepStatus, note?: string): void {
    this.#replace(id, (step) => [step[0], status, step[2], this.#now(), (note ?? step[4]).slice(0, MAX_NOTE_CHARS)]);
    const of = this.#itemId === undefined ? "" : ` of ${this.#itemId}`;
    log(this.#context, `step ${id}${of} ${status}${note ? `: ${note}` : ""}`);
  }

  #replace(id: string, change: (step: PackedSteps[number]) => PackedSteps[number]): void {
    const index = this.#steps.findLastIndex((step) => step[0] === id && hasBegun(step));
    const step = this.#steps[index];
    if (!step) return;
    this.#steps[index] = change(step);
    this.#show();
  }

  #show(): void {
    if (this.#itemId !== undefined) return;
    const full = { steps: this.#steps, ...this.#blocked };
    const fits = JSON.stringify(full).length <= MAX_STATUS_CHARS;
    this.#context.df.setCustomStatus(fits ? full : { ...full, steps: this.#steps.slice(-60).map(withoutNote) });
  }
}

const hasBegun = (step: PackedSteps[number]): boolean => step[2] > 0;

function withoutNote(step: PackedSteps[number]): PackedSteps[number] {
  return [step[0], step[1], step[2], step[3], ""];
}

/** Logs once, not again at every replay. */
export function log(context: OrchestrationContext, message: string): void {
  if (!context.df.isReplaying) context.info(`${context.df.instanceId} ${message}`);
}
