/**
 * Records with the lists that they are in. Shown by the suites store-approvals and store-drills, over memory and Azurite:
 *
 * L1. A record and its places in the lists are in one partition and change in one transaction, so that no list lacks a
 *     record or names one that does not belong there, wherever a process dies.
 * L2. An update replaces exactly the record that it was decided on.
 * L3. A list reads its own rows and the records of one page, and nothing else.
 */
import { type ErrorCode, RecoveryError } from "../domain/errors.js";
import { pageOf, readable } from "./paging.js";
import type { Page, PageRequest, Tagged } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type Row, type RowOperation, type Table, TableConflict } from "./tables/port.js";

/** How a kind of record is kept and listed. */
export interface ListedKind<T, E> {
  partition: string;
  record: Codec<T>;
  entry: Codec<E>;
  /** What a row of a list says of a record. */
  entryOf(record: T): E;
  /** The id of the record that a row of a list names. */
  idOf(entry: E): string;
  /** The rows that list a record as it is. */
  rowsOf(record: T): string[];
  /** The refusal when a record is gone that was there a moment ago. */
  gone: ErrorCode;
}

/** The rows of a list: those with a prefix that ends with a dot, and before a key. */
export interface ListRange {
  prefix: string;
  before?: string;
}

export interface ListedRecords<T> {
  /** Inserts a record unless its id exists. Returns the record, and whether this call created it. */
  create(table: Table, record: T): Promise<{ record: T; created: boolean }>;
  get(table: Table, id: string): Promise<Tagged<T> | null>;
  /** Replaces the record that was read, together with its places in the lists; refuses `etag-mismatch`. */
  update(table: Table, before: Tagged<T>, after: T): Promise<void>;
  /** One page of a list. Records that are unreadable are left out and named. */
  list(table: Table, page: PageRequest, range: ListRange): Promise<Page<T>>;
}

export function listedRecords<T, E>(kind: ListedKind<T, E>): ListedRecords<T> {
  const { partition, record: codec, entry } = kind;
  const idOf = (record: T): string => kind.idOf(kind.entryOf(record));
  const recordRow = (id: string): string => `record.${id}`;
  const inserted = (row: string, record: T): RowOperation => ({
    kind: "insert",
    ...encode(entry, row, kind.entryOf(record)),
  });

  const get = async (table: Table, id: string): Promise<Tagged<T> | null> => {
    const row = await table.get(partition, recordRow(id));
    return row === null ? null : { value: decode(codec, row), etag: row.etag };
  };

  return {
    get,
    create: async (table, record) => {
      const id = idOf(record);
      const row: RowOperation = { kind: "insert", ...encode(codec, recordRow(id), record) };
      try {
        await table.transact(partition, [row, ...kind.rowsOf(record).map((listed) => inserted(listed, record))]);
        return { record, created: true };
      } catch (thrown) {
        if (!(thrown instanceof TableConflict)) throw thrown;
        const known = await get(table, id);
        if (known === null) throw new RecoveryError(kind.gone, `${codec.what} ${id} is gone`);
        return { record: known.value, created: false };
      }
    },
    update: async (table, before, after) => {
      const [old, now] = [kind.rowsOf(before.value), kind.rowsOf(after)];
      const operations: RowOperation[] = [
        { kind: "replace", ...encode(codec, recordRow(idOf(after)), after), etag: before.etag },
        ...old.filter((row) => !now.includes(row)).map((row): RowOperation => ({ kind: "delete", row })),
        ...now.filter((row) => !old.includes(row)).map((row) => inserted(row, after)),
      ];
      try {
        await table.transact(partition, operations);
      } catch (thrown) {
        if (!(thrown instanceof TableConflict)) throw thrown;
        throw new RecoveryError("etag-mismatch", `${codec.what} ${idOf(after)} was changed since it was read`);
      }
    },
    list: (table, page, range) =>
      pageOfNamed(table, partition, page, range, {
        read: (row) => decode(entry, row),
        find: (named) => get(table, kind.idOf(named)),
      }),
  };
}

/** One page of what the rows of a list name. What is unreadable is left out and named; what is gone is left out. */
export async function pageOfNamed<E, T>(
  table: Table,
  partition: string,
  request: PageRequest,
  range: ListRange,
  { read, find }: { read: (row: Row) => E; find: (named: E) => Promise<Tagged<T> | null> },
): Promise<Page<T>> {
  const { entries, unreadable = [], ...page } = await pageOf(table, partition, request, read, range);
  const found = await readable(entries, find);
  const all = [...unreadable, ...(found.unreadable ?? [])];
  const values = found.entries.flatMap((one) => one?.value ?? []);
  return { ...page, entries: values, ...(all.length > 0 && { unreadable: all }) };
}
