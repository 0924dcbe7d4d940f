import { pageOf } from "./paging.js";
import type { Page, PageRequest } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { type RowOperation, type Table, TableConflict } from "./tables/port.js";
import { updateWithRetry } from "./update-with-retry.js";

/** Records that people save as a whole, under an id that they chose. */
export interface SavedRecords<T> {
  /** True if the record is new. An unreadable row is not replaced. */
  put(table: Table, record: T): Promise<boolean>;
  get(table: Table, id: string): Promise<T | null>;
  list(table: Table, page: PageRequest): Promise<Page<T>>;
  /** What is gone is no error. */
  remove(table: Table, id: string): Promise<void>;
}

export function savedRecords<T extends { id: string }>(codec: Codec<T>, partition: string): SavedRecords<T> {
  return {
    put: (table, record) => {
      const columns = encode(codec, record.id, record);
      return updateWithRetry(
        () => table.get(partition, record.id),
        (row) => {
          if (row !== null) decode(codec, row);
          const operation: RowOperation =
            row === null ? { kind: "insert", ...columns } : { kind: "replace", ...columns, etag: row.etag };
          return { answer: row === null, write: () => table.transact(partition, [operation]) };
        },
      );
    },
    get: async (table, id) => {
      const row = await table.get(partition, id);
      return row === null ? null : decode(codec, row);
    },
    list: (table, page) => pageOf(table, partition, page, (row) => decode(codec, row)),
    remove: async (table, id) => {
      try {
        await table.transact(partition, [{ kind: "delete", row: id }]);
      } catch (thrown) {
        if (!(thrown instanceof TableConflict && thrown.reason === "missing")) throw thrown;
      }
    },
  };
}
