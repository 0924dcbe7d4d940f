import { z } from "zod";

/** The library hands durations over in seconds. */
const duration = z
  .object({ seconds: z.coerce.number().nonnegative() })
  .nullish()
  .transform((given) => (given?.seconds ?? 0) * 1000);

const policySchema = z.object({
  strategy: z.enum(["fixedDelay", "exponentialBackoff"]),
  /** -1 for no limit. */
  maxRetryCount: z.number().int().min(-1),
  delayInterval: duration,
  minimumInterval: duration,
  maximumInterval: duration,
});

export interface RetryPolicy {
  /** The most attempts after the first; Infinity for no limit. */
  maxRetryCount: number;
  /** How long to wait after attempt number `attempt`, in milliseconds. Attempts are numbered from 1. */
  delayAfterMs(attempt: number): number;
}

/**
 * The retry policy that an app has registered for a function.
 *
 * @throws Error that names the wrong part
 */
export function parseRetryPolicy(options: unknown): RetryPolicy | undefined {
  if (options === undefined || options === null) return undefined;
  const parsed = policySchema.safeParse(options);
  if (!parsed.success) {
    throw new Error(
      `its retry policy is not valid: ${parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; ")}`,
    );
  }
  const policy = parsed.data;
  return {
    maxRetryCount: policy.maxRetryCount === -1 ? Number.POSITIVE_INFINITY : policy.maxRetryCount,
    delayAfterMs: (attempt) =>
      policy.strategy === "fixedDelay"
        ? policy.delayInterval
        : Math.min(policy.maximumInterval, policy.minimumInterval * 2 ** (attempt - 1)),
  };
}
