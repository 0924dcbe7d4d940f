/** Splits a list into chunks of at most `size` entries. */
export function chunksOf<T>(entries: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(entries.length / size) }, (_, index) =>
    entries.slice(index * size, (index + 1) * size),
  );
}

/** The results of some work, in order, with at most `size` entries at work at the same time. */
export async function mapInChunks<T, R>(
  entries: readonly T[],
  size: number,
  work: (entry: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (const chunk of chunksOf(entries, size)) results.push(...(await Promise.all(chunk.map(work))));
  return results;
}
