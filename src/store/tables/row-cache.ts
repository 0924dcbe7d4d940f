import type { Row } from "./port.js";

/** A reader of rows that caches up to `maxRows` values by ETag, and drops the least recently read. Callers must not change a value. */
export function cachedByEtag<T>(read: (row: Row) => T, maxRows: number): (row: Row) => T {
  const cache = new Map<string, { etag: string; value: T }>();
  return (row) => {
    const key = `${row.partition}/${row.row}`;
    const cached = cache.get(key);
    cache.delete(key);
    const entry = cached?.etag === row.etag ? cached : { etag: row.etag, value: read(row) };
    cache.set(key, entry);
    const [oldest] = cache.keys();
    if (cache.size > maxRows && oldest !== undefined) cache.delete(oldest);
    return entry.value;
  };
}
