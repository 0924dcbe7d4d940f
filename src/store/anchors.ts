import { Anchor } from "../domain/evidence/anchor.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import type { Table } from "./tables/port.js";

const ANCHOR: Codec<Anchor> = { what: "anchor", schema: 1, shape: Anchor };
const ANCHORS = "anchors";
/** Sorts after every number. */
const LAST = "last";

const rowOf = (seq: number): string => String(seq).padStart(12, "0");

export async function putAnchor(table: Table, anchor: Anchor): Promise<void> {
  const put = (row: string) => ({ kind: "put" as const, ...encode(ANCHOR, row, anchor) });
  await table.transact(ANCHORS, [put(rowOf(anchor.seq)), put(LAST)]);
}

export async function lastAnchor(table: Table): Promise<Anchor | null> {
  const row = await table.get(ANCHORS, LAST);
  return row && decode(ANCHOR, row);
}

/** The first anchor at a record or after it. */
export async function anchorFrom(table: Table, seq: number): Promise<Anchor | null> {
  const { rows } = await table.list(ANCHORS, { from: rowOf(seq), before: LAST, limit: 1 });
  const [row] = rows;
  return row === undefined ? null : decode(ANCHOR, row);
}
