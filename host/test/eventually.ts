import { vi } from "vitest";

/** Waits until `check` passes. The limit ends only a test that fails: a busy machine may need more than vitest's second. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 60_000, interval: 20 });
