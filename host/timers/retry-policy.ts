import { z } from "zod";

/** The library hands durations over in seconds. */
const duration = z
  .object({ seconds: z.coerce.number().nonnegative() })
  .nullish()
  .transform((given) => (given?.seconds ?? 0) * 1000);

const policySchema = z.object({
  strategy: z.enum(["fixedDelay", "exponentialBackoff"]),
  /** -1: for ever. */
  maxRetryCount: z.number().int().min(-1),
  delayInterval: duration,
  minimumInterval: duration,
  maximumInterval: duration,
});

export interface RetryPolicy {
  /** Infinity for no limit. */
  maxRetryCount: number;
  /** Milliseconds to wait before retry number `retry` (from 1). */
  delayMs(retry: number): number;
}

/**
 * The function-level retry policy that an app registered.
 *
 * @throws Error saying which part of it makes no sense
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
    delayMs: (retry) =>
      policy.strategy === "fixedDelay"
        ? policy.delayInterval
        : Math.min(policy.maximumInterval, policy.minimumInterval * 2 ** (retry - 1)),
  };
}
