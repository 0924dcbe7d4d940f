/**
 * A cooperative scheduler: many fibers (one per item, say) in one orchestration, each at its own pace.
 *
 * - F1 One task is open at a time, a batch of steps or a timer, so that a retry is never open next to a failing task.
 * - F2 An answer goes only to the request of the same step and key. Any other answer is non-determinism: it ends the
 *   orchestration and names the recorded and the requested step.
 * - F3 Fibers advance in the order given, so a replay takes them through the same requests.
 * - F4 What goes wrong with one step concerns its own fiber: a refusal is thrown there, a fault is retried there.
 * - F5 A sleeping fiber wakes at its due time, or up to its slack later to share a batch with others. Only the wake
 *   event wakes it earlier.
 * - F6 A wake event that names steps ends those steps with `continued-without`, and wakes nobody else. A step that its
 *   fiber is no longer at is not touched.
 *
 * Shown by test/unit/durable/fiber-scheduler.test.ts; F2 also by the golden histories.
 */
import type { OrchestrationContext } from "durable-functions";
import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { CANCEL_PROPAGATION_MS } from "../domain/execution.js";
import { delayAfter, RETRY_POLICIES } from "../domain/retry-policies.js";
import { callActivity, type Durable } from "./call.js";
import { activityContract } from "./contract.js";
import type { StepRuntime, Stuck } from "./poll-until-done.js";
import { refusalSchema } from "./refusal.js";
import { Mailbox, sleep } from "./wait.js";

/**
 * Wakes fibers. Sent without steps when their execution is cancelled, because only their next call sees the cancel; with
 * steps when a person decided to continue without them.
 */
export const WAKE_EVENT = "wake";

const wakeEvent = z.object({
  /** Steps that are not waited for any longer, each with the key of its fiber and who decided that. */
  without: z.array(z.object({ step: z.string(), key: z.string(), because: z.string() })).optional(),
});
export type WakeEvent = z.output<typeof wakeEvent>;

/** A sleep up to this long is not worth waking from, unless the fiber sleeps beside a step that is stuck. */
const SHORT_SLEEP_MS = 5_000;

/** A request to execute one step by its activity. */
interface StepRequest {
  step: string;
  input: unknown;
}

/** A request to sleep until `dueMs`, or at the latest until `latestMs` when other fibers wake in between. */
interface Sleep {
  dueMs: number;
  latestMs: number;
  /** A person may end it. */
  stuck: boolean;
}

type FiberRequest = StepRequest | Sleep;

/** A generator that runs concurrently with others: it yields requests to the scheduler and returns its result. */
export type Fiber<T> = Generator<FiberRequest, T, unknown>;

/** A fiber and the key that its steps carry, unique among the fibers of one call. */
export interface KeyedFiber<T> {
  key: string;
  fiber: Fiber<T>;
}

/** Which step of which fiber a request or an answer belongs to. */
const stepOfFiber = z.object({ step: z.string(), key: z.string() });
type StepOfFiber = z.output<typeof stepOfFiber>;

const stepResult = z.union([
  z.object({ ok: z.literal(true), value: z.unknown() }),
  refusalSchema,
  z.object({ ok: z.literal(false), fault: z.string() }),
]);
/** What came of one step: its value, a refusal, or the text of a fault that may pass. */
export type StepResult = z.input<typeof stepResult>;

/** Executes one step for each of many fibers in one call. A fault of one is its own answer. */
export const executeBatch = activityContract({
  name: "execute-batch",
  input: z.object({ steps: z.array(stepOfFiber.extend({ input: z.unknown() })) }),
  output: z.object({ answers: z.array(stepOfFiber.extend({ result: stepResult })) }),
  retry: "store-write",
});
type StepAnswer = z.output<typeof executeBatch.output>["answers"][number];

/** How a fiber calls activities and sleeps. A fault is retried as the contract says. */
export function fiberRuntime(context: OrchestrationContext): StepRuntime<FiberRequest> {
  const now = (): number => context.df.currentUtcDateTime.getTime();
  function* sleep(waitMs: number, slackMs = 0, stuck?: Stuck): Fiber<void> {
    const dueMs = now() + waitMs;
    yield { dueMs, latestMs: dueMs + slackMs, stuck: stuck !== undefined };
  }
  return {
    now,
    sleep,
    *call(contract, input) {
      for (let attempt = 1; ; attempt += 1) {
        const result = (yield { step: contract.name, input }) as StepAnswer["result"];
        if (result.ok) return result.value;
        if ("code" in result) throw new RecoveryError(result.code, result.message, result.details);
        const delayMs = delayAfter(RETRY_POLICIES[contract.retry], attempt);
        if (delayMs === null) throw new Error(result.fault);
        yield* sleep(delayMs);
      }
    },
  };
}

/** A fiber that is parked on a request, or done with a result. `step`: the one it asked for last. */
type FiberState<T> = KeyedFiber<T> & { step: string } & ({ request: FiberRequest } | { result: T });
type ParkedOn<T, R extends FiberRequest> = KeyedFiber<T> & { step: string; request: R };

const isOnStep = <T>(state: FiberState<T>): state is ParkedOn<T, StepRequest> =>
  "request" in state && "step" in state.request;
const isAsleep = <T>(state: FiberState<T>): state is ParkedOn<T, Sleep> =>
  "request" in state && "dueMs" in state.request;

/**
 * Runs fibers to their results, in the order given. The steps that they ask for at a moment are one call, so a hundred
 * fibers cost as few episodes as one. `onIdle` runs before each wait.
 */
export function* runFibers<T>(
  context: OrchestrationContext,
  fibers: readonly KeyedFiber<T>[],
  onIdle: () => void,
): Durable<T[]> {
  const states = fibers.map((keyed) => stateAfter({ ...keyed, step: "" }, keyed.fiber.next()));
  const wakes = new Mailbox(context, WAKE_EVENT, wakeEvent);
  for (;;) {
    const now = context.df.currentUtcDateTime.getTime();
    for (const [at, state] of states.entries()) {
      if (isAsleep(state) && state.request.dueMs <= now) states[at] = stateAfter(state, state.fiber.next());
    }
    onIdle();
    const sleeps = states.filter(isAsleep).map(({ request }) => request);
    if (states.some(isOnStep)) yield* runBatch(context, states);
    else if (sleeps.length > 0) yield* sleepAll(context, states, nextWakeMs(sleeps), wakes);
    else return states.flatMap((state) => ("result" in state ? [state.result] : []));
  }
}

function stateAfter<T>(
  { key, fiber, step }: KeyedFiber<T> & { step: string },
  { done, value }: IteratorResult<FiberRequest, T>,
): FiberState<T> {
  if (done) return { key, fiber, step, result: value };
  return { key, fiber, step: "step" in value ? value.step : step, request: value };
}

/** The latest due time before the first sleep runs out of slack, so that as many fibers as possible wake together. */
function nextWakeMs(sleeps: readonly Sleep[]): number {
  const latestMs = Math.min(...sleeps.map((one) => one.latestMs));
  return Math.max(...sleeps.flatMap(({ dueMs }) => (dueMs <= latestMs ? [dueMs] : [])));
}

/** Sleeps until the given time, or until a wake event. */
function* sleepAll<T>(
  context: OrchestrationContext,
  states: FiberState<T>[],
  wakeMs: number,
  wakes: Mailbox<typeof wakeEvent>,
): Durable<void> {
  const waitMs = wakeMs - context.df.currentUtcDateTime.getTime();
  const canBeEnded = states.some((state) => isAsleep(state) && state.request.stuck);
  if (waitMs <= SHORT_SLEEP_MS && !canBeEnded) return yield* sleep(context, waitMs);
  const woken = yield* wakes.next(new Date(wakeMs));
  if (woken === undefined) return;
  if (woken.without !== undefined) return endSteps(states, woken.without);
  const soonMs = context.df.currentUtcDateTime.getTime() + 2 * CANCEL_PROPAGATION_MS;
  for (const [at, state] of states.entries()) {
    if (!isAsleep(state)) continue;
    const { dueMs, latestMs, stuck } = state.request;
    const request = { dueMs: Math.min(dueMs, soonMs), latestMs: Math.min(latestMs, soonMs), stuck };
    states[at] = { ...state, request };
  }
}

/** Ends the steps that a person does not wait for. */
function endSteps<T>(states: FiberState<T>[], without: NonNullable<WakeEvent["without"]>): void {
  for (const [at, state] of states.entries()) {
    const ended = without.find(({ key, step }) => key === state.key && step === state.step);
    if (ended === undefined || !isAsleep(state)) continue;
    states[at] = stateAfter(state, state.fiber.throw(new RecoveryError("continued-without", ended.because)));
  }
}

/** Executes the steps that fibers are parked on, and takes each of those fibers on with its own answer. */
function* runBatch<T>(context: OrchestrationContext, states: FiberState<T>[]): Durable<void> {
  const parked = [...states.entries()].flatMap(([at, state]) => (isOnStep(state) ? [{ at, state }] : []));
  const steps = parked.map(({ state: { key, request } }) => ({ ...request, key }));
  const batch = yield* answersTo(context, steps);
  if ("answers" in batch) refuseForeignAnswers(steps, batch.answers);
  for (const [index, { at, state }] of parked.entries()) {
    const { fiber } = state;
    states[at] = stateAfter(
      state,
      "thrown" in batch ? fiber.throw(batch.thrown) : fiber.next(batch.answers[index]?.result),
    );
  }
}

function* answersTo(
  context: OrchestrationContext,
  steps: (StepOfFiber & { input: unknown })[],
): Durable<{ answers: StepAnswer[] } | { thrown: unknown }> {
  try {
    return yield* callActivity(context, executeBatch, { steps });
  } catch (thrown) {
    return { thrown };
  }
}

/** Throws `non-determinism` when the answers are not those of the steps that were asked for, one for one. */
function refuseForeignAnswers(steps: readonly StepOfFiber[], answers: readonly StepOfFiber[]): void {
  for (const at of Array(Math.max(steps.length, answers.length)).keys()) {
    const [requested, recorded] = [nameOf(steps[at]), nameOf(answers[at])];
    if (requested === recorded) continue;
    throw new RecoveryError("non-determinism", `history has ${recorded}, the workflow asks for ${requested}`);
  }
}

const nameOf = (one: StepOfFiber | undefined): string => (one === undefined ? "no step" : `${one.step} of ${one.key}`);
