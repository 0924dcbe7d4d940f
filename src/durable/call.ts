import type { OrchestrationContext, Task } from "durable-functions";
import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import type { ActivityContract, OrchestrationContract, PollingContract } from "./contract.js";
import { refusalSchema } from "./refusal.js";
import { retryOptions } from "./retry.js";

/** What a generator of the durable layer yields to the engine, and what it gives back to its caller. */
export type Durable<T> = Generator<Task, T, unknown>;

/** The widest fan-out of one orchestration: completions of wider ones cost quadratic time. */
const WIDEST_FAN_OUT = 1_000;

const answersOfAll = z.array(z.unknown());
const reply = z.discriminatedUnion("ok", [z.object({ ok: z.literal(true), value: z.unknown() }), refusalSchema]);

/**
 * Calls one activity, retried as its contract says, and gives back its typed answer.
 *
 * Throws a RecoveryError when the activity answered with a refusal, and the engine's error when it kept failing.
 * Never open beside another task: a retry next to a failing task confuses the replay.
 */
export function* callActivity<I extends z.ZodType, O extends z.ZodType>(
  context: OrchestrationContext,
  contract: ActivityContract<I, O>,
  input: z.input<I>,
): Durable<z.output<O>> {
  return contract.output.parse(yield* call(context, contract, input));
}

/** The value an activity answered with, not yet read through its contract. */
export function* call(
  context: OrchestrationContext,
  contract: ActivityContract | PollingContract,
  input: unknown,
): Durable<unknown> {
  const retry = retryOptions(contract.retry);
  const answer = reply.parse(
    yield retry
      ? context.df.callActivityWithRetry(contract.name, retry, input)
      : context.df.callActivity(contract.name, input),
  );
  if (!answer.ok) throw new RecoveryError(answer.code, answer.message, answer.details);
  return answer.value;
}

/** A child to be started, under an id that everybody can derive who knows the execution's. */
export interface Child<I> {
  readonly id: string;
  readonly input: I;
}

/** Runs one child orchestration and gives back its typed answer. */
export function* callSub<I extends z.ZodType, O extends z.ZodType>(
  context: OrchestrationContext,
  contract: OrchestrationContract<I, O>,
  child: Child<z.input<I>>,
): Durable<z.output<O>> {
  return contract.output.parse(yield context.df.callSubOrchestrator(contract.name, child.input, child.id));
}

/**
 * Runs children side by side, at most a thousand at a time, and gives back their answers in the order given.
 * Children answer with outcomes and do not throw; one that does fails the whole call once all have ended.
 */
export function* inParallel<I extends z.ZodType, O extends z.ZodType>(
  context: OrchestrationContext,
  contract: OrchestrationContract<I, O>,
  children: readonly Child<z.input<I>>[],
): Durable<z.output<O>[]> {
  const answers: z.output<O>[] = [];
  for (let from = 0; from < children.length; from += WIDEST_FAN_OUT) {
    const tasks = children
      .slice(from, from + WIDEST_FAN_OUT)
      .map(({ id, input }) => context.df.callSubOrchestrator(contract.name, input, id));
    const results = answersOfAll.parse(yield context.df.Task.all(tasks));
    for (const result of results) answers.push(contract.output.parse(result));
  }
  return answers;
}
