import type { TableClient } from "@azure/data-tables";
import { httpStatus } from "./transient-faults.js";

/** A storage that loses any write loses the newest ones. This number covers the writes of one moment. */
const MAX_WITNESSES = 8;

/** A row that the storage has acknowledged. `mark` is a column value that differs from earlier rows with the same keys. */
export interface Witness {
  table: TableClient;
  partitionKey: string;
  rowKey: string;
  mark?: { column: string; value: string };
}

/** The newest rows that this host has written, to find out later whether the storage still has them. */
export class Witnesses {
  #rows: Witness[] = [];

  add(row: Witness): void {
    this.#rows = [...this.#rows.slice(1 - MAX_WITNESSES), row];
  }

  /** The row, or the whole partition, is about to be deleted or overwritten, so it proves nothing any more. */
  forget(table: TableClient, partitionKey: string, rowKey?: string): void {
    this.#rows = this.#rows.filter(
      (row) =>
        row.table !== table || row.partitionKey !== partitionKey || (rowKey !== undefined && row.rowKey !== rowKey),
    );
  }

  /** A row that the storage has lost; undefined when it has them all. */
  async findLost(): Promise<Witness | undefined> {
    const rows = this.#rows;
    const present = await Promise.all(rows.map(isPresent));
    return rows.find((row, at) => present[at] === false && this.#rows.includes(row));
  }
}

async function isPresent({ table, partitionKey, rowKey, mark }: Witness): Promise<boolean> {
  try {
    const row = await table.getEntity(partitionKey, rowKey);
    return mark === undefined || row[mark.column] === mark.value;
  } catch (error) {
    if (httpStatus(error) === 404) return false;
    throw error;
  }
}
