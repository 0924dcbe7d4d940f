import { hasCode } from "../domain/errors.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import type { World } from "../domain/worlds/world.js";
import { type Loss, lossesOf } from "../domain/worlds/world-losses.js";
import { readEach } from "../executions/read-each.js";
import type { Services } from "./context.js";

/** What a reset of a world would lose, item by item, and then what tests left at its sites. */
export async function findLosses(
  services: Services,
  base: World,
  records: ReadonlyMap<string, ItemRecord>,
): Promise<Loss[]> {
  const ids = [...records.keys()];
  if (ids.length === 0) return [];
  await services.estate.now(base.id); // an estate of an older build says so at once, and not for each item
  const { found, unreadable } = await readEach(ids, (some) => describeKnown(services, base.id, some));
  const snapshots = new Map(found.map((snapshot) => [snapshot.item.id, snapshot]));
  const imported = new Map(base.items.map((item) => [item.id, item]));
  const items = ids.flatMap((itemId) => {
    const record = records.get(itemId);
    const problem = unreadable.get(itemId);
    if (record === undefined) return [];
    if (problem !== undefined) return [{ text: `item ${itemId}, which cannot be read now: ${problem}`, isMove: true }];
    return lossesOf({ record, snapshot: snapshots.get(itemId) ?? null, imported: imported.get(itemId) ?? null });
  });
  const { testNetworks } = await services.hypervisor.leftovers(base.id, [...snapshots.keys()], null);
  const networks = testNetworks.map(({ siteId, networkId, executionId }) => ({
    text: `test network ${networkId} of execution ${executionId} at site ${siteId}`,
    isMove: true,
  }));
  return [...items, ...networks];
}

/** The snapshots of the items that the hypervisor has. */
async function describeKnown(services: Services, worldId: string, itemIds: readonly string[]): Promise<ItemSnapshot[]> {
  try {
    return await services.hypervisor.describeItems(worldId, itemIds);
  } catch (thrown) {
    if (!hasCode(thrown, "item-not-found")) throw thrown;
    if (itemIds.length === 1) return [];
    return (await Promise.all(itemIds.map((itemId) => describeKnown(services, worldId, [itemId])))).flat();
  }
}
