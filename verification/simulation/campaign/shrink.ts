/**
 * Leaves out parts of a run while it still fails: first large shares of them, then one at a time.
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
