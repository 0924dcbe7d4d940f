import { chunksOf } from "../domain/chunks.js";
import { hasCode, RecoveryError } from "../domain/errors.js";
import { ItemRecord } from "../domain/items/item-record.js";
import { defined } from "../domain/text.js";
import type { Verb } from "../domain/vocabulary.js";
import type { ItemClaim, ItemUpdate, Tagged } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { MAX_BATCH, type Row, type RowOperation, type Table } from "./tables/port.js";
import { updateWithRetry } from "./update-with-retry.js";

const ITEM: Codec<ItemRecord> = { what: "item", schema: 1, shape: ItemRecord };

/** For more items than this, one query of the partition costs less than one read for each. */
const MAX_POINT_READS = 20;
const PAGE = 900;
/** An item has few writers: its execution, and starts that are refused. */
const MAX_ATTEMPTS = 10;

const readRow = (row: Row): Tagged<ItemRecord> => ({ value: decode(ITEM, row), etag: row.etag });

/** The stored rows of all items of a world, or of those from `from` to `last`, both included. */
export async function itemRows(table: Table, worldId: string, from = "", last?: string): Promise<Row[]> {
  const rows: Row[] = [];
  const before = last === undefined ? undefined : `${last}!`;
  for (let start = from; ; ) {
    const page = await table.list(worldId, { from: start, ...defined({ before }), limit: PAGE });
    rows.push(...page.rows);
    const end = page.rows.at(-1);
    if (!page.more || end === undefined) return rows;
    start = `${end.row}!`;
  }
}

/** The items named, in that order; refuses `item-not-found`. */
export async function readItems(
  table: Table,
  worldId: string,
  itemIds: readonly string[],
): Promise<Tagged<ItemRecord>[]> {
  const found = await findItems(table, worldId, itemIds);
  if (found.length === itemIds.length) return found;
  const ids = new Set(found.map(({ value }) => value.itemId));
  const missing = itemIds.filter((itemId) => !ids.has(itemId));
  throw new RecoveryError("item-not-found", `world ${worldId} has no item ${missing.join(", ")}`);
}

/** Those of the items named that exist, in that order. */
export async function findItems(
  table: Table,
  worldId: string,
  itemIds: readonly string[],
): Promise<Tagged<ItemRecord>[]> {
  const rows = await rowsOf(table, worldId, itemIds);
  return itemIds.flatMap((itemId) => rows.get(itemId) ?? []).map(readRow);
}

async function rowsOf(table: Table, worldId: string, itemIds: readonly string[]): Promise<Map<string, Row>> {
  const sorted = itemIds.toSorted((a, b) => (a < b ? -1 : 1));
  const rows =
    itemIds.length <= MAX_POINT_READS
      ? await Promise.all(itemIds.map((itemId) => table.get(worldId, itemId)))
      : await itemRows(table, worldId, sorted[0], sorted.at(-1));
  return new Map(rows.flatMap((row) => (row === null ? [] : [[row.row, row] as const])));
}

/** The readable members of some replication groups. */
export async function readReplicationGroups(
  table: Table,
  worldId: string,
  groupIds: readonly string[],
): Promise<ItemRecord[]> {
  const wanted = new Set<string | null>(groupIds);
  const rows = await itemRows(table, worldId);
  return rows.flatMap((row) => readable(row) ?? []).filter(({ replicationGroupId }) => wanted.has(replicationGroupId));
}

function readable(row: Row): ItemRecord | null {
  try {
    return decode(ITEM, row);
  } catch (thrown) {
    if (hasCode(thrown, "row-unreadable")) return null;
    throw thrown;
  }
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

/** Changes items, and starts again when another writer was faster. `change` answers one record for each item. */
export async function changeItems(
  table: Table,
  worldId: string,
  itemIds: readonly string[],
  change: (records: readonly ItemRecord[]) => ItemRecord[],
): Promise<ItemRecord[]> {
  return updateWithRetry(
    () => readItems(table, worldId, itemIds),
    (current) => {
      const answer = change(current.map(({ value }) => value));
      const writes = current.flatMap(({ value, etag }, at) => {
        const changed = answer[at];
        return changed === undefined || changed === value ? [] : [replaceItem(changed, etag)];
      });
      const write = async () => {
        for (const batch of chunksOf(writes, MAX_BATCH)) await table.transact(worldId, batch);
      };
      return { answer, write };
    },
    MAX_ATTEMPTS,
  );
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
  // An item that is not taken is written unchanged: the ETag then proves that nobody took it meanwhile.
  if (claim.during === null) return { ...record };
  return { ...record, state: claim.during, heldBy: { executionId, verb, from: record.state } };
}

/**
 * The records after the claim. An execution that holds all its items already has started: items that it did not take may
 * have changed since.
 */
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
 * Takes all items for an execution. Every caller takes them in the same order, so the one that gets the first batch gets
 * the rest, and the other is refused before it has taken any. If a later batch is refused nevertheless, the items taken
 * so far stay taken: another request may be starting the same execution, which releases them when it ends.
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
