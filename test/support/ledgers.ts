import type { EmulatedEstate, LedgerEntry } from "../../src/hypervisor/port.js";

/** The most operations that a hypervisor had under way at the same time, according to the ledgers (I21). */
export function peakConcurrency(ledgers: readonly (readonly LedgerEntry[])[], siteId: string): number {
  const changes = ledgers
    .flat()
    .filter(({ siteIds, beganAt, at }) => siteIds.includes(siteId) && beganAt < at)
    .flatMap(({ beganAt, at }) => [
      { at: beganAt, by: 1 },
      { at, by: -1 },
    ])
    // An operation that ends frees its slot for one that begins at the same time.
    .sort((a, b) => (a.at === b.at ? a.by - b.by : a.at < b.at ? -1 : 1));
  let current = 0;
  let peak = 0;
  for (const { by } of changes) {
    current += by;
    peak = Math.max(peak, current);
  }
  return peak;
}

export const readLedgers = (
  estate: EmulatedEstate,
  worldId: string,
  itemIds: readonly string[],
): Promise<LedgerEntry[][]> => Promise.all(itemIds.map((itemId) => estate.ledger(worldId, { itemId })));
