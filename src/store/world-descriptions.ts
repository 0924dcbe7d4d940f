import { z } from "zod";
import { chunksOf } from "../domain/chunks.js";
import { Machine, ProtectedItem, World } from "../domain/worlds/world.js";
import { type Codec, decode, encode } from "./tables/codec.js";
import type { Row, RowOperation, Table } from "./tables/port.js";

/**
 * A world as it was imported, so that a later import can tell what the file changed from what changed since. Machines
 * and items have rows of their own, since a world of 8 MiB does not fit into one. All are written in one transaction.
 */
const frameShape = World.omit({ machines: true, items: true });
const FRAME: Codec<z.infer<typeof frameShape>> = { what: "world description", schema: 1, shape: frameShape };
const MACHINES: Codec<Machine[]> = { what: "machines of a world", schema: 1, shape: z.array(Machine) };
const ITEMS: Codec<ProtectedItem[]> = { what: "items of a world", schema: 1, shape: z.array(ProtectedItem) };

const ENTRIES_PER_ROW = 500;
const MAX_ROWS = 100;
const FRAME_ROW = "frame";

const partitionOf = (worldId: string): string => `description-${worldId}`;
const rowName = (kind: "items" | "machines", at: number): string => `${kind}.${String(at).padStart(4, "0")}`;

const rowsOf = async (table: Table, worldId: string): Promise<Row[]> =>
  (await table.list(partitionOf(worldId), { limit: MAX_ROWS })).rows;

function operationsFor({ machines, items, ...frame }: World): RowOperation[] {
  return [
    { kind: "put", ...encode(FRAME, FRAME_ROW, frame) },
    ...chunksOf(machines, ENTRIES_PER_ROW).map(
      (chunk, at): RowOperation => ({ kind: "put", ...encode(MACHINES, rowName("machines", at), chunk) }),
    ),
    ...chunksOf(items, ENTRIES_PER_ROW).map(
      (chunk, at): RowOperation => ({ kind: "put", ...encode(ITEMS, rowName("items", at), chunk) }),
    ),
  ];
}

export async function putDescription(table: Table, world: World): Promise<void> {
  const operations = operationsFor(world);
  const written = new Set(operations.map(({ row }) => row));
  const known = await rowsOf(table, world.id);
  for (const row of known) decodeRow(row);
  const gone = known.filter(({ row }) => !written.has(row));
  const deletions = gone.map(({ row }): RowOperation => ({ kind: "delete", row }));
  await table.transact(partitionOf(world.id), [...operations, ...deletions]);
}

function decodeRow(row: Row): Partial<World> {
  if (row.row === FRAME_ROW) return decode(FRAME, row);
  return row.row.startsWith("items.") ? { items: decode(ITEMS, row) } : { machines: decode(MACHINES, row) };
}

export async function getDescription(table: Table, worldId: string): Promise<World | null> {
  const parts = (await rowsOf(table, worldId)).map(decodeRow);
  const frame = parts.find((part): part is z.infer<typeof frameShape> => "sites" in part);
  if (frame === undefined) return null;
  return {
    ...frame,
    machines: parts.flatMap(({ machines = [] }) => machines),
    items: parts.flatMap(({ items = [] }) => items),
  };
}

export async function removeDescription(table: Table, worldId: string): Promise<void> {
  const rows = await rowsOf(table, worldId);
  if (rows.length === 0) return;
  await table.transact(
    partitionOf(worldId),
    rows.map(({ row }) => ({ kind: "delete", row })),
  );
}
