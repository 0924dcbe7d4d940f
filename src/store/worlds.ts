/**
 * The records of worlds. Each change of a world says so in its row before it begins and until it has ended. Shown in
 * store-worlds.suite.ts and world-crashes.test.ts:
 *
 * W1. No execution gets an item that a change touches: the change looks for held items after it has written its mark,
 *     and a claim looks for the mark after it has taken its items ("a claim and a change that meet…").
 * W2. A change that dies half-way leaves its mark, so nothing starts before its repetition has completed it ("…dies
 *     after any of its writes").
 * W3. Of two changes at the same time the later one wins, and the earlier one is refused ("of two changes…").
 */
import { z } from "zod";
import { chunksOf } from "../domain/chunks.js";
import { RecoveryError } from "../domain/errors.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { Id, Instant, Name } from "../domain/text.js";
import type { World } from "../domain/worlds/world.js";
import { changeItems, decodeItem, insertItem, itemRows, replaceItem } from "./items.js";
import { pageOf } from "./paging.js";
import type { BegunChange, Page, PageRequest, WorldChange, WorldRecord } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { MAX_BATCH, type RowOperation, type Table, TableConflict } from "./tables/port.js";
import { updateWithRetry } from "./update-with-retry.js";
import { putDescription, removeDescription } from "./world-descriptions.js";

const WorldChangeShape = z.strictObject({
  kind: z.enum(["import", "merge", "reset", "removal"]),
  contentHash: z.string(),
  since: Instant,
  itemIds: z.array(Id).nullable(),
});
const WORLD: Codec<WorldRecord> = {
  what: "world",
  schema: 1,
  shape: z.strictObject({
    worldId: Id,
    name: Name,
    importedAt: Instant,
    itemCount: z.int().min(0),
    change: WorldChangeShape.optional(),
  }),
};
const WORLDS = "worlds";

/** The tables that hold worlds and their items. */
export interface WorldTables {
  worlds: Table;
  items: Table;
}

/** The records of the items of a world just after its import. */
function freshItems(world: World): ItemRecord[] {
  const machines = new Map(world.machines.map((machine) => [machine.id, machine]));
  return world.items.map((item) => ({
    worldId: world.id,
    itemId: item.id,
    name: machines.get(item.machineId)?.name ?? item.id,
    scenario: item.scenario,
    policyId: item.policyId,
    replicationGroupId: item.replicationGroupId ?? null,
    state: "protected",
    reason: null,
    direction: "primary-to-recovery",
    activeSiteId: item.sourceSiteId,
    epoch: 0,
    heldBy: null,
    recoveryPoint: null,
    dataLoss: null,
    lastTestFailoverAt: null,
    lastTestFailbackAt: null,
    lastFailoverAt: null,
    conditions: [],
  }));
}

const overtaken = (worldId: string): RecoveryError =>
  new RecoveryError("world-changing", `another request changes world ${worldId} at the same moment`);

/** Marks a world as changing. The mark of a change that died is taken over. */
export async function beginWorldChange(
  worlds: Table,
  worldId: string,
  name: string,
  change: WorldChange,
): Promise<BegunChange> {
  const row = await worlds.get(WORLDS, worldId);
  const before = row === null ? null : decode(WORLD, row);
  const record = before ?? { worldId, name, importedAt: change.since, itemCount: 0 };
  return { before, etag: await writeWorld(worlds, { ...record, change }, row?.etag ?? null) };
}

/** Takes the mark of a change back that did nothing. */
export async function giveUpWorldChange(worlds: Table, { before, etag }: BegunChange): Promise<void> {
  if (before !== null) await writeWorld(worlds, before, etag);
}

/** Writes the row of a world over the version that was seen; null inserts it. */
async function writeWorld(worlds: Table, record: WorldRecord, etag: string | null): Promise<string> {
  const columns = encode(WORLD, record.worldId, record);
  try {
    const [written = ""] = await worlds.transact(WORLDS, [
      etag === null ? { kind: "insert", ...columns } : { kind: "replace", ...columns, etag },
    ]);
    return written;
  } catch (error) {
    if (!(error instanceof TableConflict)) throw error;
    throw overtaken(record.worldId);
  }
}

/** Refuses while executions hold items. Reads every row, so an unreadable one is never overwritten. */
export async function refuseHeldItems(items: Table, worldId: string): Promise<void> {
  const held = (await itemRows(items, worldId)).map(decodeItem).filter(({ heldBy }) => heldBy !== null);
  if (held.length === 0) return;
  const which = held.map(({ itemId, heldBy }) => `${itemId} by ${heldBy?.executionId} (${heldBy?.verb})`);
  const more = which.length > 5 ? ` and ${which.length - 5} more` : "";
  const text = `executions hold items of world ${worldId}: ${which.slice(0, 5).join(", ")}${more}`;
  throw new RecoveryError("world-in-use", text, which);
}

/**
 * Replaces the items of a world and its description. Afterwards all are protected and none is held.
 * @param etag of the mark of the change that this completes; without it, the world must be as it is read now
 */
export async function putWorld(
  { worlds, items }: WorldTables,
  world: World,
  importedAt: string,
  etag?: string,
): Promise<WorldRecord> {
  await refuseHeldItems(items, world.id);
  const rows = await itemRows(items, world.id);
  const fresh = freshItems(world);
  const kept = new Set(fresh.map(({ itemId }) => itemId));
  const etags = new Map(rows.map(({ row, etag: seen }) => [row, seen]));
  const operations: RowOperation[] = [
    ...fresh.map((record) => {
      const seen = etags.get(record.itemId);
      return seen === undefined ? insertItem(record) : replaceItem(record, seen);
    }),
    ...rows.filter(({ row }) => !kept.has(row)).map(({ row }): RowOperation => ({ kind: "delete", row })),
  ];
  await writeItems(items, world.id, operations);
  return completeChange(worlds, world, { importedAt, itemCount: fresh.length, etag });
}

async function writeItems(items: Table, worldId: string, operations: readonly RowOperation[]): Promise<void> {
  try {
    for (const batch of chunksOf(operations, MAX_BATCH)) await items.transact(worldId, batch);
  } catch (error) {
    if (!(error instanceof TableConflict)) throw error;
    throw overtaken(worldId);
  }
}

/** Writes the description, and the row of the world last. */
async function completeChange(
  worlds: Table,
  world: World,
  { importedAt, itemCount, etag }: { importedAt: string; itemCount: number; etag: string | undefined },
): Promise<WorldRecord> {
  const row = await worlds.get(WORLDS, world.id);
  if (row !== null) decode(WORLD, row);
  await putDescription(worlds, world);
  const record: WorldRecord = { worldId: world.id, name: world.name, importedAt, itemCount };
  await writeWorld(worlds, record, etag ?? row?.etag ?? null);
  return record;
}

/** Adds and describes items, and keeps the states of those that exist. */
export async function mergeWorld(
  { worlds, items }: WorldTables,
  world: World,
  itemIds: readonly string[],
  importedAt: string,
  etag: string,
): Promise<WorldRecord> {
  const touched = new Set(itemIds);
  const described = freshItems(world).filter(({ itemId }) => touched.has(itemId));
  const known = new Set((await itemRows(items, world.id)).map(({ row }) => row));
  await writeItems(items, world.id, described.filter(({ itemId }) => !known.has(itemId)).map(insertItem));
  const descriptions = new Map(
    described.map(({ itemId, name, policyId, replicationGroupId }) => [itemId, { name, policyId, replicationGroupId }]),
  );
  const existing = itemIds.filter((itemId) => known.has(itemId));
  if (existing.length > 0) {
    await changeItems(items, world.id, existing, (records) =>
      records.map((record) => ({ ...record, ...descriptions.get(record.itemId) })),
    );
  }
  const itemCount = (await itemRows(items, world.id)).length;
  return completeChange(worlds, world, { importedAt, itemCount, etag });
}

/** Removes the items of a world, its description, and its row last. */
export async function removeWorld({ worlds, items }: WorldTables, worldId: string): Promise<void> {
  for (const batch of chunksOf(await itemRows(items, worldId), MAX_BATCH)) {
    for (const row of batch) decodeItem(row);
    await writeItems(
      items,
      worldId,
      batch.map(({ row }) => ({ kind: "delete", row })),
    );
  }
  await removeDescription(worlds, worldId);
  await worlds.transact(WORLDS, [{ kind: "delete", row: worldId }]).catch((error: unknown) => {
    if (!(error instanceof TableConflict)) throw error;
  });
}

/** Removes one item as it was last seen: `allow` throws if it may not go. False if it is gone already. */
export async function removeItem(
  { worlds, items }: WorldTables,
  worldId: string,
  itemId: string,
  allow: (record: ItemRecord) => void,
): Promise<boolean> {
  const existed = await updateWithRetry(
    () => items.get(worldId, itemId),
    (row) => {
      if (row === null) return { answer: false };
      allow(decodeItem(row));
      const removal: RowOperation = { kind: "delete", row: itemId, etag: row.etag };
      return { answer: true, write: () => items.transact(worldId, [removal]) };
    },
  );
  await updateWithRetry(
    () => worlds.get(WORLDS, worldId),
    async (row) => {
      if (row === null) return { answer: undefined };
      const record = decode(WORLD, row);
      const itemCount = (await itemRows(items, worldId)).length;
      if (record.itemCount === itemCount) return { answer: undefined };
      const columns = encode(WORLD, worldId, { ...record, itemCount });
      const write = () => worlds.transact(WORLDS, [{ kind: "replace", ...columns, etag: row.etag }]);
      return { answer: undefined, write };
    },
  );
  return existed;
}

/** Refuses if a change is under way that touches one of these items. A claim asks after it has taken them. */
export async function refuseChanging(worlds: Table, worldId: string, itemIds: readonly string[]): Promise<void> {
  const record = await getWorld(worlds, worldId);
  if (record === null) throw new RecoveryError("world-not-found", `world ${worldId} was removed`);
  const { change } = record;
  if (change === undefined) return;
  const touched = change.itemIds === null ? null : new Set(change.itemIds);
  if (touched !== null && !itemIds.some((itemId) => touched.has(itemId))) return;
  throw new RecoveryError(
    "world-changing",
    `since ${change.since} ${CHANGES[change.kind]} of world ${worldId} is under way`,
  );
}

const CHANGES: Readonly<Record<WorldChange["kind"], string>> = {
  import: "the first import",
  merge: "an import with mode=merge",
  reset: "an import with mode=reset",
  removal: "the removal",
};

export async function getWorld(worlds: Table, worldId: string): Promise<WorldRecord | null> {
  const row = await worlds.get(WORLDS, worldId);
  return row === null ? null : decode(WORLD, row);
}

export const listWorlds = (worlds: Table, request: PageRequest): Promise<Page<WorldRecord>> =>
  pageOf(worlds, WORLDS, request, (row) => decode(WORLD, row));
