import fc from "fast-check";
import { RecoveryError } from "../../../src/domain/errors.js";
import { change, changed, type Json } from "../mutate.js";
import type { FuzzedProduct, StoredRow } from "../product.js";
import { type Target, type Verdict, Violation } from "../target.js";
import { edit, edited } from "../text-edits.js";

/** A row as another program or build might have left it. */
interface CorruptedRow {
  row: number;
  schema: number;
  json: string;
}

function corruptedRows(rows: readonly StoredRow[]): fc.Arbitrary<CorruptedRow> {
  return fc.nat({ max: rows.length - 1 }).chain((row) =>
    fc.record({
      row: fc.constant(row),
      schema: fc.constantFrom(rows[row]?.schema ?? 1, rows[row]?.schema ?? 1, 0, 99, -1, 1.5),
      json: fc
        .tuple(fc.array(change, { maxLength: 3 }), fc.array(edit, { maxLength: 1 }))
        .map(([changes, edits]) => edited(JSON.stringify(changed(parsed(rows[row]), changes)), edits)),
    }),
  );
}

const parsed = (row: StoredRow | undefined): Json => JSON.parse(row?.json ?? "null") as Json;

/** Stored rows are checked as strictly as requests: a damaged or newer row is named and left as it is. */
export function rowTarget(product: FuzzedProduct): Target<CorruptedRow> {
  const rows = product.rows;
  return {
    name: "stored-rows",
    share: 40_000,
    inputs: corruptedRows(rows),
    feed: ({ row: index, schema, json }) => read(product, { ...rowAt(rows, index), schema, json }),
    settle: () => product.settle(),
  };
}

function rowAt(rows: readonly StoredRow[], index: number): StoredRow {
  const row = rows[index];
  if (row === undefined) throw new Error(`there is no row ${index}`);
  return row;
}

async function read(product: FuzzedProduct, row: StoredRow): Promise<Verdict> {
  try {
    await product.readWith(row);
    return "accepted";
  } catch (error) {
    if (!(error instanceof RecoveryError)) throw error;
    // A row with another item's id hides the item of its own key.
    if (error.code === "item-not-found") return "refused";
    if (error.code !== "row-unreadable") throw new Violation(`refused as ${error.code}: ${error.message}`);
    if (!error.message.includes(row.row)) throw new Violation(`does not name the row: ${error.message}`);
    return "refused";
  }
}
