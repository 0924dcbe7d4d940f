/** How often and how fast a call is repeated. Delays in milliseconds of real time. */
export interface RetryPolicy {
  maxAttempts: number;
  firstDelayMs: number;
  backoff: number;
  maxDelayMs: number;
}

/** Named, so that no call site has numbers. `none` is tried once. */
export const RETRY_POLICIES = {
  none: { maxAttempts: 1, firstDelayMs: 0, backoff: 1, maxDelayMs: 0 },
  "hypervisor-call": { maxAttempts: 5, firstDelayMs: 1_000, backoff: 2, maxDelayMs: 30_000 },
  "store-write": { maxAttempts: 8, firstDelayMs: 250, backoff: 2, maxDelayMs: 15_000 },
  notification: { maxAttempts: 5, firstDelayMs: 5_000, backoff: 4, maxDelayMs: 600_000 },
  /** Spans a day: whoever listens may be part of what is being recovered. */
  outbox: { maxAttempts: 11, firstDelayMs: 5_000, backoff: 4, maxDelayMs: 4 * 3_600_000 },
  webhook: { maxAttempts: 4, firstDelayMs: 1_000, backoff: 3, maxDelayMs: 60_000 },
} as const satisfies Record<string, RetryPolicy>;

export type RetryPolicyName = keyof typeof RETRY_POLICIES;

/** How long to wait after the given attempt (1 is the first), or null when it was the last one. */
export function delayAfter(policy: RetryPolicy, attempt: number): number | null {
  if (attempt >= policy.maxAttempts) return null;
  return Math.min(policy.firstDelayMs * policy.backoff ** (attempt - 1), policy.maxDelayMs);
}

/**
 * Minutes after each attempt of an approval ask: the schedule of Standard Webhooks, which spans three days. A receiver
 * that is down over a weekend still gets it.
 */
const ASK_DELAYS_MINUTES = [5 / 60, 5, 30, 120, 300, 600, 840, 1_200, 1_440] as const;

/** How long an ask waits after the given attempt (1 is the first), or null when it was the last one. */
export function askDelayAfter(attempt: number): number | null {
  const minutes = ASK_DELAYS_MINUTES[attempt - 1];
  return minutes === undefined ? null : minutes * 60_000;
}

/**
 * Whether something is tried again in the sweep of this minute: after 1, 2, 4 … minutes, and then at the longest interval.
 * @param maxMinutes a power of two
 */
export function isTimeAgain(ageMs: number, maxMinutes: number): boolean {
  const minutes = Math.floor(ageMs / 60_000);
  return minutes >= 1 && minutes % Math.min(maxMinutes, 2 ** Math.floor(Math.log2(minutes))) === 0;
}
