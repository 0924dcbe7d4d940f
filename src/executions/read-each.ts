import { type ErrorCode, hasCode, RecoveryError } from "../domain/errors.js";

const UNREADABLE: readonly ErrorCode[] = ["row-unreadable"];

const withoutCode = ({ code, message }: RecoveryError): string => message.replace(`[${code}] `, "");

/**
 * Reads all keys at once. When one of them can't be read, it reads halves, because one bad key must not hold up the
 * others. Names the keys that failed with one of `codes`, each with the reason. Any other error is thrown.
 */
export async function readEach<T>(
  keys: readonly string[],
  read: (keys: readonly string[]) => Promise<T[]>,
  codes: readonly ErrorCode[] = UNREADABLE,
): Promise<{ found: T[]; unreadable: ReadonlyMap<string, string> }> {
  if (keys.length === 0) return { found: [], unreadable: new Map() };
  try {
    return { found: await read(keys), unreadable: new Map() };
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError) || !codes.includes(thrown.code)) throw thrown;
    if (keys.length === 1) return { found: [], unreadable: new Map(keys.map((key) => [key, withoutCode(thrown)])) };
    const middle = Math.ceil(keys.length / 2);
    const halves = await Promise.all(
      [keys.slice(0, middle), keys.slice(middle)].map((half) => readEach(half, read, codes)),
    );
    return {
      found: halves.flatMap(({ found }) => found),
      unreadable: new Map(halves.flatMap(({ unreadable }) => [...unreadable])),
    };
  }
}

/** What is read, or null when its row is damaged: one bad row must not hide the rest of an answer. */
export async function readableOrNull<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read();
  } catch (thrown) {
    if (hasCode(thrown, "row-unreadable")) return null;
    throw thrown;
  }
}
