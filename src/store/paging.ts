import { hasCode, RecoveryError } from "../domain/errors.js";
import { defined } from "../domain/text.js";
import type { Page, PageRequest } from "./port.js";
import type { Row, Table } from "./tables/port.js";

const MAX_PAGE = 100;
/** A cursor is the key of the last row of a page, in the alphabet of ids. */
const CURSOR = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * One page of a partition, or of its rows with a prefix that ends with a dot, without unreadable rows. `!` sorts before every character of an id, so the
 * page starts just after the cursor, and `/` just after the dot.
 */
export async function pageOf<T>(
  table: Table,
  partition: string,
  { limit, cursor }: PageRequest,
  read: (row: Row) => T,
  { prefix = "", before }: { prefix?: string; before?: string } = {},
): Promise<Page<T>> {
  if (limit < 1 || limit > MAX_PAGE || !Number.isInteger(limit)) {
    throw new RecoveryError("invalid-input", `a page has 1 to ${MAX_PAGE} entries, not ${limit}`);
  }
  if (cursor !== undefined && !(CURSOR.test(cursor) && cursor.startsWith(prefix))) {
    throw new RecoveryError("invalid-input", "the cursor is not one of an earlier page");
  }
  const { rows, more } = await table.list(partition, {
    limit,
    ...defined({
      from: cursor === undefined ? prefix || undefined : `${cursor}!`,
      before: before ?? (prefix === "" ? undefined : `${prefix.slice(0, -1)}/`),
    }),
  });
  const last = rows.at(-1);
  const page = await readable(rows, async (row) => read(row));
  return { ...page, ...(more && last !== undefined && { cursor: last.row }) };
}

/** The values of the readable rows, and the error messages of the others. */
export async function readable<R, T>(
  rows: readonly R[],
  read: (row: R) => Promise<T>,
): Promise<Pick<Page<T>, "entries" | "unreadable">> {
  const unreadable: string[] = [];
  const found = await Promise.all(
    rows.map(async (row) => {
      try {
        return [await read(row)];
      } catch (thrown) {
        if (!hasCode(thrown, "row-unreadable")) throw thrown;
        unreadable.push(thrown.message);
        return [];
      }
    }),
  );
  return { entries: found.flat(), ...(unreadable.length > 0 && { unreadable }) };
}
