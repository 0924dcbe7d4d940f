import { hasCode } from "../domain/errors.js";
import { TableConflict } from "./tables/port.js";

/** The answer to a caller, and how to write the change. Without `write` nothing has to change. */
export interface Update<T> {
  answer: T;
  write?: () => Promise<unknown>;
}

const isConflict = (thrown: unknown): boolean => thrown instanceof TableConflict || hasCode(thrown, "etag-mismatch");

/**
 * Reads, decides and writes, and starts again when another writer was faster.
 *
 * - I1. A write is decided on what it replaces, because `write` sends the ETag that `read` returned.
 * - I2. Only a conflict of `write` is retried. What `read` and `change` throw is final, an `etag-mismatch` too.
 *
 * @param maxAttempts set it where writers are few, so that a row that never fits becomes an error
 */
export async function updateWithRetry<Current, T>(
  read: () => Promise<Current>,
  change: (current: Current) => Update<T> | Promise<Update<T>>,
  maxAttempts = Number.POSITIVE_INFINITY,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const { answer, write } = await change(await read());
    try {
      await write?.();
      return answer;
    } catch (thrown) {
      if (!isConflict(thrown) || attempt >= maxAttempts) throw thrown;
    }
  }
}
