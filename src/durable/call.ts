import { type OrchestrationContext, RetryOptions, type Task } from "durable-functions";
import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { RETRY_POLICIES, type RetryPolicyName } from "../domain/retry-policies.js";
import type { ActivityContract, OrchestrationContract, PollingContract } from "./contract.js";
import { refusalSchema } from "./refusal.js";

/** A generator that yields tasks to the engine and returns a value to its caller. */
export type Durable<T> = Generator<Task, T, unknown>;

/** Whether a task has a result or a failure. */
export const hasEnded = (task: Task): boolean => task.isCompleted || task.isFaulted;

/** The completions of a wider fan-out would cost quadratic time. */
const MAX_FAN_OUT = 1_000;

const answersOfAll = z.array(z.unknown());
const reply = z.discriminatedUnion("ok", [z.object({ ok: z.literal(true), value: z.unknown() }), refusalSchema]);

/**
 * Calls one activity, retried as its contract says, and returns its typed answer.
 *
 * Throws a RecoveryError when the activity answered with a refusal, and the engine's error when it kept failing.
 * Must be the only open task: a retry next to a failing task confuses the replay.
 */
export function* callActivity<I extends z.ZodType, O extends z.ZodType>(
  context: OrchestrationContext,
  contract: ActivityContract<I, O>,
  input: z.input<I>,
): Durable<z.output<O>> {
  return contract.output.parse(yield* call(context, contract, input));
}

/**
 * One call of an activity that runs beside the waits of an orchestration (`Mailbox.next`). It is tried once, and an
 * open one never holds the orchestration up. A task is given to the engine once: a second time would be a second call.
 */
export class SideCall<I extends z.ZodType, O extends z.ZodType> {
  readonly task: Task;
  readonly #output: O;

  constructor(context: OrchestrationContext, contract: ActivityContract<I, O>, input: z.input<I>) {
    this.task = context.df.callActivity(contract.name, input);
    this.#output = contract.output;
  }

  get hasEnded(): boolean {
    return hasEnded(this.task);
  }

  /** What it answered; undefined when it failed, was refused, or has not ended. */
  get answer(): z.output<O> | undefined {
    if (!this.task.isCompleted) return undefined;
    const answer = reply.safeParse(this.task.result);
    const value = this.#output.safeParse(answer.success && answer.data.ok ? answer.data.value : undefined);
    return value.success ? value.data : undefined;
  }

  /** Waits for its end, whatever it is. */
  *end(): Durable<void> {
    if (this.hasEnded) return;
    try {
      yield this.task;
    } catch {
      // `answer` says that there is none
    }
  }
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

/**
 * The options of durable-functions for a policy; undefined when nothing is retried. `retryTimeout` is never set:
 * an orchestration that passes it hangs on the genuine host.
 */
function retryOptions(name: RetryPolicyName): RetryOptions | undefined {
  const policy = RETRY_POLICIES[name];
  if (policy.maxAttempts <= 1) return undefined;
  const options = new RetryOptions(policy.firstDelayMs, policy.maxAttempts);
  options.backoffCoefficient = policy.backoff;
  options.maxRetryIntervalInMilliseconds = policy.maxDelayMs;
  return options;
}

/** A child to start. Its id can be derived from the execution's. */
export interface Child<I> {
  readonly id: string;
  readonly input: I;
}

/** Runs one child orchestration and returns its typed answer. */
export function* callSub<I extends z.ZodType, O extends z.ZodType>(
  context: OrchestrationContext,
  contract: OrchestrationContract<I, O>,
  child: Child<z.input<I>>,
): Durable<z.output<O>> {
  return contract.output.parse(yield context.df.callSubOrchestrator(contract.name, child.input, child.id));
}

/**
 * Starts children in parallel, and returns for each how to wait for its answer. Itself it waits until the first of them
 * has ended. Children that nobody waits for keep the orchestration from ending all the same.
 */
export function* beginInParallel<I extends z.ZodType, O extends z.ZodType>(
  context: OrchestrationContext,
  contract: OrchestrationContract<I, O>,
  children: readonly Child<z.input<I>>[],
): Durable<(() => Durable<z.output<O>>)[]> {
  if (children.length === 0) return [];
  const tasks = children.map(({ id, input }) => context.df.callSubOrchestrator(contract.name, input, id));
  yield context.df.Task.any(tasks);
  return tasks.map(
    (task) =>
      function* () {
        return contract.output.parse(yield task);
      },
  );
}

/**
 * Runs children in parallel, at most a thousand at a time, and returns their answers in the order given. Children
 * answer with outcomes and do not throw. A child that throws fails the whole call after all have ended.
 */
export function* inParallel<I extends z.ZodType, O extends z.ZodType>(
  context: OrchestrationContext,
  contract: OrchestrationContract<I, O>,
  children: readonly Child<z.input<I>>[],
): Durable<z.output<O>[]> {
  const answers: z.output<O>[] = [];
  for (let from = 0; from < children.length; from += MAX_FAN_OUT) {
    const tasks = children
      .slice(from, from + MAX_FAN_OUT)
      .map(({ id, input }) => context.df.callSubOrchestrator(contract.name, input, id));
    const results = answersOfAll.parse(yield context.df.Task.all(tasks));
    for (const result of results) answers.push(contract.output.parse(result));
  }
  return answers;
}
