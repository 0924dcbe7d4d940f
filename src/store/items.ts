import { RecoveryError } from "../domain/errors.js";
import { ItemRecord } from "../domain/items/item-record.js";
import type { Verb } from "../domain/vocabulary.js";
import type { ItemClaim, ItemUpdate } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { BATCH, chunksOf, type Row, type RowOperation, type Table, TableConflict } from "./tables/port.js";

const ITEM: Codec<ItemRecord> = { what: "item", schema: 1, shape: ItemRecord };

/** Beyond this many, one query of the partition costs less than a read of each. */
const POINT_READS = 20;
const PAGE = 900;
/** Writers of one item are few: its execution, and starts that are refused. */
const MOST_TRIES = 10;

interface Held {
  record: ItemRecord;
  etag: string;
}

const readRow = (row: Row): Held => ({ record: decode(ITEM, row), etag: row.etag });

/** All rows of a world's items, or those from `from` up to and with `last`, as stored. */
export async function itemRows(table: Table, worldId: string, from = "", last?: string): Promise<Row[]> {
  const rows: Row[] = [];
  const before = last === undefined ? {} : { before: `${last}!` };
  for (let start = from; ; ) {
    const page = await table.list(worldId, { from: start, ...before, limit: PAGE });
    rows.push(...page.rows);
    const end = page.rows.at(-1);
    if (!page.more || end === undefined) return rows;
    start = `${end.row}!`;
  }
}

/** The items asked for, in that order; refuses `item-not-found`. */
export async function readItems(table: Table, worldId: string, itemIds: readonly string[]): Promise<Held[]> {
  const rows = await rowsOf(table, worldId, itemIds);
  const missing = itemIds.filter((itemId) => !rows.has(itemId));
  if (missing.length > 0) {
    throw new RecoveryError("item-not-found", `world ${worldId} has no item ${missing.join(", ")}`);
  }
  return itemIds.flatMap((itemId) => rows.get(itemId) ?? []).map(readRow);
}

async function rowsOf(table: Table, worldId: string, itemIds: readonly string[]): Promise<Map<string, Row>> {
  const sorted = itemIds.toSorted((a, b) => (a < b ? -1 : 1));
  const rows =
    itemIds.length <= POINT_READS
      ? await Promise.all(itemIds.map((itemId) => table.get(worldId, itemId)))
      : await itemRows(table, worldId, sorted[0], sorted.at(-1));
  return new Map(rows.flatMap((row) => (row === null ? [] : [[row.row, row] as const])));
}

export const insertItem = (record: ItemRecord): RowOperation => ({
  kind: "insert",
  ...encode(ITEM, record.itemId, record),
});

export const replaceItem = (record: ItemRecord, etag: string): RowOperation => ({
  kind: "replace",
  ...encode(ITEM, record.itemId, record),
  etag,
});

export const decodeItem = (row: Row): ItemRecord => decode(ITEM, row);

/** Reads items, writes those for which `change` answers a new record in their place, and begins again when another writer was quicker. */
async function changeItems(
  table: Table,
  worldId: string,
  itemIds: readonly string[],
  change: (records: readonly ItemRecord[]) => ItemRecord[],
): Promise<ItemRecord[]> {
  for (let attempt = 1; ; attempt += 1) {
    const held = await readItems(table, worldId, itemIds);
    const after = change(held.map(({ record }) => record));
    const writes = held.flatMap(({ record, etag }, at) => {
      const changed = after[at];
      return changed === undefined || changed === record ? [] : [replaceItem(changed, etag)];
    });
    try {
      for (const batch of chunksOf(writes, BATCH)) {
        await table.transact(worldId, batch);
      }
      return after;
    } catch (error) {
      if (!(error instanceof TableConflict) || attempt === MOST_TRIES) throw error;
    }
  }
}

function claimed(record: ItemRecord, claim: ItemClaim | undefined, executionId: string, verb: Verb): ItemRecord {
  if (record.heldBy?.executionId === executionId || claim === undefined) return record;
  if (record.heldBy !== null) {
    const { executionId: holder, verb: holding } = record.heldBy;
    throw new RecoveryError("item-held", `execution ${holder} (${holding}) holds item ${record.itemId}`, [holder]);
  }
  if (record.state !== claim.from) {
    throw new RecoveryError("etag-mismatch", `item ${record.itemId} is ${record.state} now, no longer ${claim.from}`);
  }
  // One that is passed over is written as it is, so that nobody takes it in the moment in which the others are taken.
  if (claim.during === null) return { ...record };
  return { ...record, state: claim.during, heldBy: { executionId, verb, from: record.state } };
}

/** The items as they are once taken. Who holds all that he takes began already: what he passed over may go its own ways. */
function allClaimed(
  records: readonly ItemRecord[],
  byId: ReadonlyMap<string, ItemClaim>,
  executionId: string,
  verb: Verb,
): ItemRecord[] {
  const wanted = records.filter(({ itemId }) => byId.get(itemId)?.during !== null);
  if (wanted.every(({ heldBy }) => heldBy?.executionId === executionId)) return [...records];
  return records.map((record) => claimed(record, byId.get(record.itemId), executionId, verb));
}

/**
 * Takes all items for an execution. One order for all: who gets the first batch gets the rest, and the other is refused
 * before it has taken any. When it is refused later all the same, what it took stays taken: another request may be on
 * its way with it for the same execution, which gives its items up when it ends.
 */
export async function acquireItems(
  table: Table,
  worldId: string,
  executionId: string,
  verb: Verb,
  claims: readonly ItemClaim[],
): Promise<ItemRecord[]> {
  const byId = new Map(claims.map((claim) => [claim.itemId, claim]));
  return changeItems(table, worldId, [...byId.keys()].sort(), (records) =>
    allClaimed(records, byId, executionId, verb),
  );
}

function updated(record: ItemRecord, update: ItemUpdate | undefined, executionId: string): ItemRecord {
  if (update === undefined) return record;
  if (record.heldBy?.executionId !== executionId) {
    if (update.release && Object.keys(update.change).length === 0) return record;
    const holder = record.heldBy === null ? "nobody" : `execution ${record.heldBy.executionId}`;
    throw new RecoveryError("item-held", `${holder} holds item ${record.itemId}, not execution ${executionId}`);
  }
  return { ...record, ...update.change, heldBy: update.release ? null : record.heldBy };
}

export async function updateItems(
  table: Table,
  worldId: string,
  executionId: string,
  updates: readonly ItemUpdate[],
): Promise<void> {
  const byId = new Map(updates.map((update) => [update.itemId, update]));
  await changeItems(table, worldId, [...byId.keys()], (records) =>
    records.map((record) => updated(record, byId.get(record.itemId), executionId)),
  );
}
