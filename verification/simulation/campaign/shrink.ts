/**
 * Shrinks a failing run: leaves out parts while it still fails, first large shares of them, then one at a time.
 * Its guarantees (shrink.test.ts):
 *
 * S1. The run still fails without the parts that are returned.
 * S2. Each single part that is left is necessary: without it the run does not fail.
 * S3. Parts that were omitted before stay omitted.
 *
 * @returns the ids that can be left out
 */
export async function shrink(
  parts: readonly string[],
  omitted: readonly string[],
  fails: (omit: readonly string[]) => Promise<boolean>,
): Promise<string[]> {
  let omit = [...omitted];
  let left = parts.filter((part) => !omit.includes(part));
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < left.length; ) {
      const without = [...omit, ...left.slice(from, from + size)];
      if (await fails(without)) {
        omit = without;
        left = left.filter((part) => !omit.includes(part));
      } else from += size;
    }
  }
  return omit;
}
