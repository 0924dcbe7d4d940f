import { createMemoryTables } from "../../src/store/tables/memory-tables.js";
import type { Row, RowOperation, Table, Tables } from "../../src/store/tables/port.js";

/** The table that has every accepted request, also one that is refused for what it asks. */
export const LOG_OF_REQUESTS = "VaultLog";

/** Memory tables that count writes and can return to a marked state. */
export interface RewindingTables extends Tables {
  /** Transactions that changed something since the mark. */
  writes(): number;
  /** The tables that were written since the mark. */
  written(): ReadonlySet<string>;
  /** Marks the current state as the one to which {@link rewind} returns. */
  mark(): void;
  rewind(): Promise<void>;
}

interface Touched {
  table: Table;
  partition: string;
  row: string;
  before: Row | null;
}

export function createRewindingTables(): RewindingTables {
  const inner = createMemoryTables();
  const touched = new Map<string, Touched>();
  const written = new Set<string>();
  let writes = 0;

  const watch = (name: string, table: Table): Table => ({
    get: (partition, row) => table.get(partition, row),
    list: (partition, range) => table.list(partition, range),
    async transact(partition, operations) {
      for (const { row } of operations) {
        const key = JSON.stringify([name, partition, row]);
        if (!touched.has(key)) touched.set(key, { table, partition, row, before: await table.get(partition, row) });
      }
      const etags = await table.transact(partition, operations);
      writes += 1;
      written.add(name);
      return etags;
    },
  });

  return {
    table: (name) => watch(name, inner.table(name)),
    writes: () => writes,
    written: () => written,
    mark() {
      touched.clear();
      written.clear();
      writes = 0;
    },
    async rewind() {
      for (const { table, partition, row, before } of touched.values()) {
        const now = await table.get(partition, row);
        if (before !== null) await table.transact(partition, [{ kind: "put", ...columns(before) }]);
        else if (now !== null) await table.transact(partition, [{ kind: "delete", row }]);
      }
      touched.clear();
      written.clear();
      writes = 0;
    },
  };
}

const columns = ({ row, schema, json }: Row): Omit<Extract<RowOperation, { kind: "put" }>, "kind"> => ({
  row,
  schema,
  json,
});
