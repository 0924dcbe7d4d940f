import { hasCode } from "../domain/errors.js";
import { TableConflict } from "./tables/port.js";

/** The answer to a caller, and how to write the change. Without `write` nothing has to change. */
export interface Update<T> {
  answer: T;
  write?: () => Promise<unknown>;
}

const isConflict = (thrown: unknown): boolean => thrown instanceof TableConflict || hasCode(thrown, "etag-mismatch");

/**
 * Repeats an attempt that lost a race against another writer. Every other error is final.
 *
 * @param attempt gets its number, from 1
 * @param maxAttempts set it where writers are few, so that a row that never fits becomes an error
 * @param isRetryable asked after a conflict: false makes it final
 */
export async function retryOnConflict<T>(
  attempt: (count: number) => Promise<T>,
  maxAttempts = Number.POSITIVE_INFINITY,
  isRetryable = () => true,
): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt(count);
    } catch (thrown) {
      if (!isConflict(thrown) || !isRetryable() || count >= maxAttempts) throw thrown;
    }
  }
}

/**
 * Reads, decides and writes, and starts again when another writer was faster.
 *
 * - I1. A write is decided on what it replaces, because `write` sends the ETag that `read` returned.
 * - I2. Only a conflict of `write` is retried. What `read` and `change` throw is final, an `etag-mismatch` too.
 */
export async function updateWithRetry<Current, T>(
  read: () => Promise<Current>,
  change: (current: Current) => Update<T> | Promise<Update<T>>,
  maxAttempts?: number,
): Promise<T> {
  let isWriting = false;
  const attempt = async (): Promise<T> => {
    isWriting = false;
    const { answer, write } = await change(await read());
    isWriting = true;
    await write?.();
    return answer;
  };
  return retryOnConflict(attempt, maxAttempts, () => isWriting);
}
