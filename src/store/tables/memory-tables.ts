import {
  type Row,
  type RowOperation,
  type RowPage,
  type RowRange,
  type Table,
  TableConflict,
  type Tables,
} from "./port.js";

type Partition = Map<string, Row>;

/** Throws a conflict unless the row is as the operation expects. */
function expect(operation: RowOperation, found: Row | undefined): void {
  if (operation.kind === "put") return;
  if (operation.kind === "insert") {
    if (found !== undefined) throw new TableConflict("exists", operation.row);
    return;
  }
  if (found === undefined) throw new TableConflict("missing", operation.row);
  if (operation.etag !== undefined && operation.etag !== found.etag) throw new TableConflict("changed", operation.row);
}

/** In-memory tables for tests and simulations. ETags are counters. */
export function createMemoryTables(): Tables {
  const tables = new Map<string, Table>();
  let changes = 0;

  const createTable = (): Table => {
    const partitions = new Map<string, Partition>();
    return {
      get: async (partition, row) => partitions.get(partition)?.get(row) ?? null,
      list: async (partition, range) => pageOf(partitions.get(partition), range),
      transact: async (partition, operations) => {
        const rows: Partition = partitions.get(partition) ?? new Map();
        for (const operation of operations) expect(operation, rows.get(operation.row));
        partitions.set(partition, rows);
        return operations.map((operation) => {
          if (operation.kind === "delete") {
            rows.delete(operation.row);
            return "";
          }
          changes += 1;
          const etag = `W/"${changes}"`;
          const { row, schema, json } = operation;
          rows.set(row, { partition, row, etag, schema, json });
          return etag;
        });
      },
    };
  };

  return {
    table: (name) => {
      const table = tables.get(name) ?? createTable();
      tables.set(name, table);
      return table;
    },
  };
}

const byKey = (a: Row, b: Row): number => (a.row < b.row ? -1 : 1);

function pageOf(partition: Partition | undefined, { from = "", before, limit }: RowRange): RowPage {
  const found = [...(partition?.values() ?? [])]
    .filter(({ row }) => row >= from && (before === undefined || row < before))
    .sort(byKey);
  return { rows: found.slice(0, limit), more: found.length > limit };
}
