import { readEach } from "../executions/read-each.js";
import type { Leftovers } from "../hypervisor/port.js";
import type { Ports } from "../ports.js";
import { findTestLeftovers as contract } from "../steps/contracts.js";
import { activity } from "./activity.js";

/**
 * What tests of the items left behind, whichever execution made it. A network is theirs when its test was of one of
 * them, and no other item has a copy on it.
 */
export const findTestLeftovers = activity(contract, async (ports, { worldId, itemIds }) => {
  const read = async (ids: readonly string[]) => [await ports.hypervisor.leftovers(worldId, ids, null)];
  const { found, unreadable } = await readEach(itemIds, read);
  const readable = itemIds.filter((itemId) => !unreadable.has(itemId));
  const networks = await Promise.all(
    togetherBySite(found).map(async (network) => ({
      siteId: network.siteId,
      networkId: network.networkId,
      testExecutionId: network.executionId,
      itemIds: await itemsOfNetwork(ports, worldId, readable, network),
    })),
  );
  return {
    copies: found.flatMap(({ testCopies }) => testCopies.map(({ itemId, name }) => ({ itemId, name }))),
    networks: networks.filter((network) => network.itemIds.length > 0),
    unreadable: [...unreadable].map(([itemId, why]) => ({ itemId, why: why.slice(0, 2_000) })),
  };
});

/** The networks of several readings, each with its items of all of them. */
function togetherBySite(found: readonly Leftovers[]): Leftovers["testNetworks"] {
  const networks = new Map<string, Leftovers["testNetworks"][number]>();
  for (const network of found.flatMap(({ testNetworks }) => testNetworks)) {
    const key = `${network.siteId} ${network.networkId} ${network.executionId}`;
    networks.set(key, { ...network, itemIds: [...(networks.get(key)?.itemIds ?? []), ...network.itemIds] });
  }
  return [...networks.values()];
}

/**
 * The items at a network's site whose test made it; none when other items are on it. A network of an unknown test
 * belongs to every item. A test has a network at each of its sites, and the network is removed with the last copy there.
 * When two clean-ups share a network, at least the later one finds it free, because each looks after its own copies are
 * gone. An item that was removed has no copies, and one that cannot be read may have some.
 */
async function itemsOfNetwork(
  { store, hypervisor }: Ports,
  worldId: string,
  itemIds: readonly string[],
  network: Leftovers["testNetworks"][number],
): Promise<string[]> {
  const tested = (await store.getExecution(network.executionId))?.value.itemIds ?? itemIds;
  const others = tested.filter((itemId) => !itemIds.includes(itemId));
  const mine = tested.filter((itemId) => network.itemIds.includes(itemId));
  if (mine.length === 0 || others.length === 0) return mine;
  const records = await readEach(others, (ids) => store.findItems(worldId, ids));
  const known = new Set([...records.found.map(({ itemId }) => itemId), ...records.unreadable.keys()]);
  const read = async (ids: readonly string[]) => [await hypervisor.leftovers(worldId, ids, network.executionId)];
  const there = await readEach(
    others.filter((itemId) => known.has(itemId)),
    read,
  );
  const copies = there.found.flatMap(({ testCopies }) => testCopies);
  const isUsed = there.unreadable.size > 0 || copies.some(({ siteId }) => siteId === network.siteId);
  return isUsed ? [] : mine;
}
