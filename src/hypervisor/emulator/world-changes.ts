/**
 * Changes of an emulated world that keep the states of its machines. Every change is applied to the state as it is now
 * and can be repeated, so a process may die anywhere.
 */

import { chunksOf } from "../../domain/chunks.js";
import type { Clock } from "../../domain/clock.js";
import { isSame, withChanges } from "../../domain/worlds/three-way.js";
import type { World } from "../../domain/worlds/world.js";
import type { Table } from "../../store/tables/port.js";
import { MAX_BATCH, TableConflict } from "../../store/tables/port.js";
import type { EntityStore } from "./entities.js";
import type { EmulatedItem, EmulatedSite } from "./state.js";
import { insertStates, itemsOf, partitionOfItem, sitesOf, stateRow } from "./world-rows.js";
import { emulatedMs, type Worlds } from "./worlds.js";

const PAGE = 900;
const MAX_CONCURRENT = 20;

interface Emulated {
  table: Table;
  worlds: Worlds;
  clock: Clock;
  items: EntityStore<EmulatedItem>;
  sites: EntityStore<EmulatedSite>;
}

/**
 * Brings a world from the description `base` to `next`: adds what is new and describes anew what changed. New items have
 * replicated for a day, as after an import.
 */
export async function mergeWorld(
  emulated: Emulated,
  base: World,
  next: World,
  itemIds: readonly string[],
): Promise<void> {
  const { worlds, clock } = emulated;
  const header = await worlds.header(next.id);
  const touched = new Set(itemIds);
  const described = itemsOf(next, emulatedMs(header, clock.now())).filter(({ id }) => touched.has(id));
  const before = new Map(sitesOf(base).map((site) => [site.id, site]));
  for (const site of sitesOf(next)) await mergeSite(emulated, next.id, before.get(site.id), site);
  await worlds.change(next.id, (current) => ({
    ...current,
    links: withChanges(base.links, next.links, current.links),
    siteIds: next.sites.map(({ id }) => id),
  }));
  const known = new Map(itemsOf(base, 0).map((item) => [item.id, item]));
  const added = described.filter(({ id }) => !known.has(id));
  await addItems(emulated, next.id, added);
  for (const batch of chunksOf(described, MAX_CONCURRENT)) {
    await Promise.all(batch.map((item) => describeAnew(emulated, next.id, known.get(item.id), item)));
  }
}

/** Inserts items. What a removal or a merge that died has left of them is replaced: nobody used it since. */
async function addItems(emulated: Emulated, worldId: string, added: readonly EmulatedItem[]): Promise<void> {
  const header = await emulated.worlds.header(worldId);
  try {
    await insertStates(emulated.table, header, added, []);
  } catch (thrown) {
    if (!(thrown instanceof TableConflict)) throw thrown;
    for (const item of added) await removeItem(emulated, worldId, item.id);
    await insertStates(emulated.table, header, added, []);
  }
}

async function mergeSite(
  { table, worlds, sites }: Emulated,
  worldId: string,
  base: EmulatedSite | undefined,
  next: EmulatedSite,
): Promise<void> {
  if (base === undefined) {
    return ignoringExisting(insertStates(table, await worlds.header(worldId), [], [next]));
  }
  if (isSame(base, next)) return;
  await sites.change(worldId, next.id, (state) => {
    const gone = base.machineNames.filter((name) => !next.machineNames.includes(name));
    const added = next.machineNames.filter((name) => !base.machineNames.includes(name));
    const names = new Set([...state.machineNames.filter((name) => !gone.includes(name)), ...added]);
    return { ...state, site: withChanges(base.site, next.site, state.site), machineNames: [...names] };
  });
}

/** Gives an item that exists its new description. */
async function describeAnew(
  { items }: Emulated,
  worldId: string,
  base: EmulatedItem | undefined,
  next: EmulatedItem,
): Promise<void> {
  if (base === undefined) return;
  await items.change(worldId, next.id, (state) => ({
    ...state,
    item: withChanges(base.item, next.item, state.item),
    machine: withChanges(base.machine, next.machine, state.machine),
    policy: next.policy,
  }));
}

async function ignoringExisting(insert: Promise<void>): Promise<void> {
  await insert.catch((thrown: unknown) => {
    if (!(thrown instanceof TableConflict)) throw thrown;
  });
}

/** Removes an item with its ledger and its faults. An item that is gone is no error. */
export async function removeItem({ table, worlds }: Emulated, worldId: string, itemId: string): Promise<void> {
  const header = await worlds.change(worldId, (current) => ({
    ...current,
    faults: current.faults.filter(({ target }) => !("itemId" in target && target.itemId === itemId)),
  }));
  const partition = partitionOfItem(header, itemId);
  const ledger = `ledger:${itemId}:`;
  const pages = await table.list(partition, { from: ledger, before: `${ledger}~`, limit: PAGE });
  const state = await table.get(partition, stateRow(itemId));
  const rows = [...pages.rows, ...(state === null ? [] : [state])].map(({ row }) => row);
  for (const batch of chunksOf(rows, MAX_BATCH)) {
    await ignoringExisting(
      table
        .transact(
          partition,
          batch.map((row) => ({ kind: "delete", row })),
        )
        .then(() => undefined),
    );
  }
}
