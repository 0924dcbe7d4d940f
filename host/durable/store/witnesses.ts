import type { TableClient } from "@azure/data-tables";
import { statusOf } from "./transient-faults.js";

/** Enough that those acknowledged at the same moment are among them; a storage that loses any write loses the newest. */
const KEPT = 8;

/** A row that the storage has acknowledged, and in which column something tells it from an earlier one of that key. */
export interface Witness {
  table: TableClient;
  partitionKey: string;
  rowKey: string;
  mark?: { column: string; value: string };
}

/** The newest rows that this host has put into its hub, to see later whether the storage still has them. */
export class Witnesses {
  #rows: Witness[] = [];

  /** The storage has acknowledged the row. */
  saw(row: Witness): void {
    this.#rows = [...this.#rows.slice(1 - KEPT), row];
  }

  /** The row, or all of the partition, is about to be deleted or written anew, and proves nothing from here on. */
  forget(table: TableClient, partitionKey: string, rowKey?: string): void {
    this.#rows = this.#rows.filter(
      (row) =>
        row.table !== table || row.partitionKey !== partitionKey || (rowKey !== undefined && row.rowKey !== rowKey),
    );
  }

  /** One that the storage has lost; undefined when all are there. */
  async missing(): Promise<Witness | undefined> {
    const rows = this.#rows;
    const there = await Promise.all(rows.map(isThere));
    return rows.find((row, at) => there[at] === false && this.#rows.includes(row));
  }
}

async function isThere({ table, partitionKey, rowKey, mark }: Witness): Promise<boolean> {
  try {
    const row = await table.getEntity(partitionKey, rowKey);
    return mark === undefined || row[mark.column] === mark.value;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}
