import type { z } from "zod";
import type { RetryPolicyName } from "../domain/retry-policies.js";

interface Contract<I extends z.ZodType, O extends z.ZodType> {
  readonly name: string;
  readonly input: I;
  readonly output: O;
  readonly retry: RetryPolicyName;
}

/** An activity by name, with what goes in and what comes out. Registration, call site and test use the same object. */
export interface ActivityContract<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType>
  extends Contract<I, O> {
  readonly kind: "activity";
}

/** An activity that begins something long and is asked again until it is done; `output` is what it is done with. */
export interface PollingContract<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType>
  extends Contract<I, O> {
  readonly kind: "polling";
}

/** An orchestration by name, with what goes in and what comes out. Orchestrations are never retried as a whole. */
export interface OrchestrationContract<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType>
  extends Contract<I, O> {
  readonly kind: "orchestration";
}

export function activityContract<I extends z.ZodType, O extends z.ZodType>(
  contract: Contract<I, O>,
): ActivityContract<I, O> {
  return { ...contract, kind: "activity" };
}

export function pollingContract<I extends z.ZodType, O extends z.ZodType>(
  contract: Contract<I, O>,
): PollingContract<I, O> {
  return { ...contract, kind: "polling" };
}

export function orchestrationContract<I extends z.ZodType, O extends z.ZodType>(
  contract: Omit<Contract<I, O>, "retry">,
): OrchestrationContract<I, O> {
  return { ...contract, retry: "none", kind: "orchestration" };
}
