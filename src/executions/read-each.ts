import { hasCode } from "../domain/errors.js";

/**
 * Reads all keys at once, or one by one when one of them can't be read: it must not hold up the others. Names the
 * unreadable ones, each with the reason. Any other error is thrown.
 */
export async function readEach<T>(
  keys: readonly string[],
  read: (keys: readonly string[]) => Promise<T[]>,
): Promise<{ found: T[]; unreadable: ReadonlyMap<string, string> }> {
  if (keys.length === 0) return { found: [], unreadable: new Map() };
  try {
    return { found: await read(keys), unreadable: new Map() };
  } catch (thrown) {
    if (!hasCode(thrown, "row-unreadable")) throw thrown;
    if (keys.length === 1) return { found: [], unreadable: new Map(keys.map((key) => [key, thrown.message])) };
    const single = await Promise.all(keys.map((key) => readEach([key], read)));
    return {
      found: single.flatMap(({ found }) => found),
      unreadable: new Map(single.flatMap(({ unreadable }) => [...unreadable])),
    };
  }
}
