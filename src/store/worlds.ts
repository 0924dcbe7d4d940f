import { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { Id, Instant, Name } from "../domain/text.js";
import type { World } from "../domain/worlds/world.js";
import { decodeItem, insertItem, itemRows, replaceItem } from "./items.js";
import { pageOf } from "./paging.js";
import type { Page, PageRequest, WorldRecord } from "./port.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import { chunksOf, MAX_BATCH, type RowOperation, type Table } from "./tables/port.js";

const WORLD: Codec<WorldRecord> = {
  what: "world",
  schema: 1,
  shape: z.strictObject({ worldId: Id, name: Name, importedAt: Instant, itemCount: z.int().min(0) }),
};
const WORLDS = "worlds";

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

/** Replaces the items of a world. Afterwards all are protected and none is held. */
export async function putWorld(worlds: Table, items: Table, world: World, importedAt: string): Promise<WorldRecord> {
  const rows = await itemRows(items, world.id);
  const held = rows.map(decodeItem).filter(({ heldBy }) => heldBy !== null);
  if (held.length > 0) {
    const which = held.slice(0, 5).map(({ itemId, heldBy }) => `${itemId} by ${heldBy?.executionId}`);
    throw new RecoveryError("world-in-use", `executions hold items of world ${world.id}: ${which.join(", ")}`, which);
  }
  const etags = new Map(rows.map(({ row, etag }) => [row, etag]));
  const fresh = freshItems(world);
  const kept = new Set(fresh.map(({ itemId }) => itemId));
  const operations: RowOperation[] = [
    ...fresh.map((record) => {
      const etag = etags.get(record.itemId);
      return etag === undefined ? insertItem(record) : replaceItem(record, etag);
    }),
    ...rows.filter(({ row }) => !kept.has(row)).map(({ row }): RowOperation => ({ kind: "delete", row })),
  ];
  for (const batch of chunksOf(operations, MAX_BATCH)) await items.transact(world.id, batch);
  const record: WorldRecord = { worldId: world.id, name: world.name, importedAt, itemCount: fresh.length };
  const known = await worlds.get(WORLDS, world.id);
  if (known !== null) decode(WORLD, known);
  await worlds.transact(WORLDS, [{ kind: "put", ...encode(WORLD, world.id, record) }]);
  return record;
}

export async function getWorld(worlds: Table, worldId: string): Promise<WorldRecord | null> {
  const row = await worlds.get(WORLDS, worldId);
  return row === null ? null : decode(WORLD, row);
}

export const listWorlds = (worlds: Table, request: PageRequest): Promise<Page<WorldRecord>> =>
  pageOf(worlds, WORLDS, request, (row) => decode(WORLD, row));
