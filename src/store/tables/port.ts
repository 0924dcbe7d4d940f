/**
 * What Secondsite needs of a table service: rows of JSON in partitions, ETags, and transactions of up to 100 rows of one
 * partition. The store and the emulator use it. Its adapters are Table Storage and memory.
 */
export interface Table {
  get(partition: string, row: string): Promise<Row | null>;
  /** Rows of one partition, ordered by key. */
  list(partition: string, range: RowRange): Promise<RowPage>;
  /**
   * Applies all operations or none, and returns the new ETags in order, with an empty text for a delete. Throws
   * TableConflict if a row is not as an operation expects. At most 100 operations, each row once.
   */
  transact(partition: string, operations: readonly RowOperation[]): Promise<string[]>;
}

/** Opens tables by name. The first write creates a table. */
export interface Tables {
  table(name: string): Table;
}

/** One row. `json` is the stored text, and `schema` the version of its shape. */
export interface Row {
  partition: string;
  row: string;
  etag: string;
  schema: number;
  json: string;
}

export interface RowRange {
  /** The first key, inclusive. */
  from?: string;
  /** The end of the range, exclusive. */
  before?: string;
  limit: number;
}

export interface RowPage {
  rows: Row[];
  /** True if the range has more rows than `limit`. */
  more: boolean;
}

export type RowOperation =
  /** Fails if the row exists. */
  | { kind: "insert"; row: string; schema: number; json: string }
  /** Fails if the row is missing or has another ETag. */
  | { kind: "replace"; row: string; schema: number; json: string; etag: string }
  /** Inserts or replaces the row unconditionally. */
  | { kind: "put"; row: string; schema: number; json: string }
  /** Fails if the row is missing or has another ETag. With an ETag it stands alone in its transaction. */
  | { kind: "delete"; row: string; etag?: string };

/** A row was not as an operation expected, and nothing was changed. `row` is the first such row. */
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

/** The limit of operations in a transaction. */
export const MAX_BATCH = 100;

/** An entity of Table Storage holds 1 MiB, so a text has at most 14 pieces of 30,000 UTF-16 units (60 KB). */
export const PIECE_CHARACTERS = 30_000;
export const MAX_PIECES = 14;
export const MAX_ROW_CHARACTERS = PIECE_CHARACTERS * MAX_PIECES;
