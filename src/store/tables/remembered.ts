import type { Row } from "./port.js";

/** Reads rows, and remembers of at most so many what each said under its ETag. What it gives must not be changed. */
export function remembering<T>(read: (row: Row) => T, most: number): (row: Row) => T {
  const known = new Map<string, { etag: string; value: T }>();
  return (row) => {
    const key = `${row.partition}/${row.row}`;
    const found = known.get(key);
    known.delete(key);
    const entry = found?.etag === row.etag ? found : { etag: row.etag, value: read(row) };
    known.set(key, entry);
    const [oldest] = known.keys();
    if (known.size > most && oldest !== undefined) known.delete(oldest);
    return entry.value;
  };
}
