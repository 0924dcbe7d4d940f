import { RetryOptions } from "durable-functions";
import { RETRY_POLICIES, type RetryPolicyName } from "../domain/retry-policies.js";

/**
 * What durable-functions wants to hear for a policy; undefined when nothing is retried. `retryTimeout` is never set:
 * an orchestration that passes it hangs on the genuine host.
 */
export function retryOptions(name: RetryPolicyName): RetryOptions | undefined {
  const policy = RETRY_POLICIES[name];
  if (policy.maxAttempts <= 1) return undefined;
  const options = new RetryOptions(policy.firstDelayMs, policy.maxAttempts);
  options.backoffCoefficient = policy.backoff;
  options.maxRetryIntervalInMilliseconds = policy.maxDelayMs;
  return options;
}
