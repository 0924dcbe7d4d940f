import type { EmulatedEstate, LedgerEntry } from "../../src/hypervisor/port.js";

/** The largest number of concurrent operations at a site, according to the ledgers (I21). */
export function mostUnderWay(ledgers: readonly (readonly LedgerEntry[])[], siteId: string): number {
  const changes = ledgers
    .flat()
    .filter(({ siteIds, beganAt, at }) => siteIds.includes(siteId) && beganAt < at)
    .flatMap(({ beganAt, at }) => [
      { at: beganAt, by: 1 },
      { at, by: -1 },
    ])
    // An operation that ends when another begins has released its place first.
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
