/**
 * The little that Secondsite asks of a table service: rows of JSON in partitions, ETags, and transactions of up to
 * 100 rows of one partition. Store and emulator stand on it; its adapters are Table Storage and memory.
 */
export interface Table {
  get(partition: string, row: string): Promise<Row | null>;
  /** Rows of one partition in the order of their keys. */
  list(partition: string, range: RowRange): Promise<RowPage>;
  /**
   * Applies all operations or none, and answers the new ETags in their order (empty text for a delete). Throws
   * TableConflict when a row is not as an operation expects. At most 100 operations, each row once.
   */
  transact(partition: string, operations: readonly RowOperation[]): Promise<string[]>;
}

/** Opens tables by name. A table is made when it is first written. */
export interface Tables {
  table(name: string): Table;
}

/** One row: `json` is the stored text, undecoded, and `schema` the version of its shape. */
export interface Row {
  partition: string;
  row: string;
  etag: string;
  schema: number;
  json: string;
}

export interface RowRange {
  /** First key, included. */
  from?: string;
  /** First key that is beyond, excluded. */
  before?: string;
  limit: number;
}

export interface RowPage {
  rows: Row[];
  /** True when the range has more rows than `limit`. */
  more: boolean;
}

export type RowOperation =
  /** Fails when the row exists. */
  | { kind: "insert"; row: string; schema: number; json: string }
  /** Fails when the row is not there or has another ETag. */
  | { kind: "replace"; row: string; schema: number; json: string; etag: string }
  /** Inserts or replaces whatever is there. */
  | { kind: "put"; row: string; schema: number; json: string }
  /** Fails when the row is not there. */
  | { kind: "delete"; row: string };

/** A row was not as the operation expected; nothing was changed. `row` is the first such row. */
export class TableConflict extends Error {
  override readonly name = "TableConflict";
  readonly reason: "exists" | "changed" | "missing";
  readonly row: string;

  constructor(reason: "exists" | "changed" | "missing", row: string) {
    super(`row ${row}: ${reason}`);
    this.reason = reason;
    this.row = row;
  }
}

/** Most operations of one transaction. */
export const MAX_BATCH = 100;

/** An entity of Table Storage holds 1 MiB: text is cut in pieces of 30,000 UTF-16 units (60 KB), at most 14 of them. */
export const PIECE_CHARACTERS = 30_000;
export const MAX_PIECES = 14;
export const MAX_ROW_CHARACTERS = PIECE_CHARACTERS * MAX_PIECES;

/** The parts of a list, each of at most `size` entries. */
export function chunksOf<T>(entries: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(entries.length / size) }, (_, index) =>
    entries.slice(index * size, (index + 1) * size),
  );
}
