import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { KNOWN_EVERYWHERE_MS } from "../domain/execution.js";
import { delayAfter, RETRY_POLICIES } from "../domain/retry-policies.js";
import { callActivity, type Durable } from "./call.js";
import { activityContract } from "./contract.js";
import { refusalSchema } from "./refusal.js";
import type { Ways } from "./until-done.js";
import { Mailbox, pause } from "./wait.js";

/** The event after which whoever waits long looks again: their execution was cancelled, which only a look tells them. */
export const LOOK_AGAIN_EVENT = "look-again";

/** It says nothing but its name. */
const lookAgain = z.object({});

/** Waits up to this long end by themselves soon enough. */
const LONG_WAIT_MS = 60_000;

interface WantedStep {
  step: string;
  input: unknown;
}

/** Time to pass until a moment, or until somewhat later if others go on then. */
interface Pause {
  untilMs: number;
  latestMs: number;
}

/** What a story among others wants next: a step done by an activity, or time to pass. */
type Wish = WantedStep | Pause;

/** What a story told beside others yields to its teller, and what it gives back. */
export type Beside<T> = Generator<Wish, T, unknown>;

const stepAnswer = z.union([
  z.object({ ok: z.literal(true), value: z.unknown() }),
  refusalSchema,
  z.object({ ok: z.literal(false), fault: z.string() }),
]);
/** What came of one step: its value, a refusal, or the text of a fault that may pass. */
export type StepAnswer = z.input<typeof stepAnswer>;
/** The same as its story gets it: the round has parsed its answers. */
type Made = z.output<typeof stepAnswer>;

/**
 * Does one step of each of many stories in one call, every step under a key of its own. A fault of one is its own
 * answer, so that it is tried again without the others.
 */
export const doSteps = activityContract({
  name: "do-steps",
  input: z.object({ steps: z.array(z.object({ step: z.string(), input: z.unknown() })) }),
  output: z.object({ answers: z.array(stepAnswer) }),
  retry: "store-write",
});

/** How a story told beside others calls and waits. A fault is tried again as the contract says. */
export function waysBeside(context: OrchestrationContext): Ways<Wish> {
  const now = (): number => context.df.currentUtcDateTime.getTime();
  function* pause(waitMs: number, slackMs = 0): Generator<Wish, void, unknown> {
    const untilMs = now() + waitMs;
    yield { untilMs, latestMs: untilMs + slackMs };
  }
  return {
    now,
    pause,
    *call(contract, input) {
      for (let attempt = 1; ; attempt += 1) {
        const made = (yield { step: contract.name, input }) as Made;
        if (made.ok) return made.value;
        if ("code" in made) throw new RecoveryError(made.code, made.message, made.details);
        const delayMs = delayAfter(RETRY_POLICIES[contract.retry], attempt);
        if (delayMs === null) throw new Error(made.fault);
        yield* pause(delayMs);
      }
    },
  };
}

/** A story on its way: what it wants next, or what it came to. */
type Told<T> = { telling: Beside<T> } & ({ wish: Wish } | { result: T });

/**
 * Tells stories side by side in one orchestration, each at its own pace. What they want at a moment is done in one
 * call, so that a hundred stories cost as few episodes as one. `atRest` runs before each wait.
 */
export function* sideBySide<T>(
  context: OrchestrationContext,
  tellings: readonly Beside<T>[],
  atRest: () => void,
): Durable<T[]> {
  const told = tellings.map((telling) => went(telling, telling.next()));
  const calls = new Mailbox(context, LOOK_AGAIN_EVENT, lookAgain);
  for (;;) {
    const now = context.df.currentUtcDateTime.getTime();
    advance(
      told,
      (wish) => "untilMs" in wish && wish.untilMs <= now,
      (telling) => telling.next(),
    );
    atRest();
    const { steps, pauses } = wanted(told);
    if (steps.length > 0) yield* doAll(context, told, steps);
    else if (pauses.length > 0) yield* rest(context, told, momentFor(pauses), calls);
    else return told.flatMap((one) => ("result" in one ? [one.result] : []));
  }
}

/** The last moment that somebody waits for before somebody can wait no longer: so those go on together that may. */
function momentFor(pauses: readonly Pause[]): number {
  const latestMs = Math.min(...pauses.map((pause) => pause.latestMs));
  return Math.max(...pauses.flatMap(({ untilMs }) => (untilMs <= latestMs ? [untilMs] : [])));
}

/** Lets time pass until a moment. A long wait ends early when somebody calls: then all look soon. */
function* rest<T>(
  context: OrchestrationContext,
  told: Told<T>[],
  untilMs: number,
  calls: Mailbox<typeof lookAgain>,
): Durable<void> {
  const waitMs = untilMs - context.df.currentUtcDateTime.getTime();
  if (waitMs <= LONG_WAIT_MS) return yield* pause(context, waitMs);
  if ((yield* calls.next(new Date(untilMs))) === undefined) return;
  const soonMs = context.df.currentUtcDateTime.getTime() + 2 * KNOWN_EVERYWHERE_MS;
  for (const [at, one] of told.entries()) {
    if (!("wish" in one && "untilMs" in one.wish)) continue;
    const { untilMs, latestMs } = one.wish;
    const wish = { untilMs: Math.min(untilMs, soonMs), latestMs: Math.min(latestMs, soonMs) };
    told[at] = { telling: one.telling, wish };
  }
}

/** The steps that are wanted now, and the pauses. */
function wanted<T>(told: readonly Told<T>[]): { steps: WantedStep[]; pauses: Pause[] } {
  const wishes = told.flatMap((one) => ("wish" in one ? [one.wish] : []));
  return {
    steps: wishes.filter((wish) => "step" in wish),
    pauses: wishes.filter((wish) => "untilMs" in wish),
  };
}

/** One round: the steps that are wanted now, and their answers to those who wanted them. */
function* doAll<T>(context: OrchestrationContext, told: Told<T>[], steps: WantedStep[]): Durable<void> {
  const isStep = (wish: Wish): boolean => "step" in wish;
  const round = yield* answersTo(context, steps);
  let at = 0;
  advance(told, isStep, (telling) =>
    "thrown" in round ? telling.throw(round.thrown) : telling.next(round.answers[at++]),
  );
}

function* answersTo(
  context: OrchestrationContext,
  steps: WantedStep[],
): Durable<{ answers: unknown[] } | { thrown: unknown }> {
  try {
    return yield* callActivity(context, doSteps, { steps });
  } catch (thrown) {
    return { thrown };
  }
}

/** Takes the stories whose wish has come true one step further. */
function advance<T>(
  told: Told<T>[],
  cameTrue: (wish: Wish) => boolean,
  next: (telling: Beside<T>) => IteratorResult<Wish, T>,
): void {
  for (const [at, one] of told.entries()) {
    if ("wish" in one && cameTrue(one.wish)) told[at] = went(one.telling, next(one.telling));
  }
}

const went = <T>(telling: Beside<T>, { done, value }: IteratorResult<Wish, T>): Told<T> =>
  done ? { telling, result: value } : { telling, wish: value };
