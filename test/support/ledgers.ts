import type { EmulatedEstate, LedgerEntry } from "../../src/hypervisor/port.js";

/** The most operations that a hypervisor had under way at one moment, by what the ledgers say (I21). */
export function mostUnderWay(ledgers: readonly (readonly LedgerEntry[])[], siteId: string): number {
  const changes = ledgers
    .flat()
    .filter(({ siteIds, beganAt, at }) => siteIds.includes(siteId) && beganAt < at)
    .flatMap(({ beganAt, at }) => [
      { at: beganAt, by: 1 },
      { at, by: -1 },
    ])
    // One that ends at the moment at which another begins has left its place to it.
    .sort((a, b) => (a.at === b.at ? a.by - b.by : a.at < b.at ? -1 : 1));
  let now = 0;
  let most = 0;
  for (const { by } of changes) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

/** The ledgers of many items. */
export const ledgersOf = (
  estate: EmulatedEstate,
  worldId: string,
  itemIds: readonly string[],
): Promise<LedgerEntry[][]> => Promise.all(itemIds.map((itemId) => estate.ledger(worldId, { itemId })));
