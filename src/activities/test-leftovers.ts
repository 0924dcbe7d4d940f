import type { Leftovers } from "../hypervisor/port.js";
import type { Ports } from "../ports.js";
import { findTestLeftovers as contract } from "../steps/contracts.js";
import { activity } from "./activity.js";

/**
 * What tests of the items left behind, whichever execution made it. A network is theirs when its test was of one of
 * them, and no other item has a copy on it.
 */
export const findTestLeftovers = activity(contract, async (ports, { worldId, itemIds }) => {
  const { testCopies, testNetworks } = await ports.hypervisor.leftovers(worldId, itemIds, null);
  const networks = await Promise.all(
    testNetworks.map(async (network) => ({
      siteId: network.siteId,
      networkId: network.networkId,
      testExecutionId: network.executionId,
      itemIds: await itemsOfNetwork(ports, worldId, itemIds, network),
    })),
  );
  return {
    copies: testCopies.map(({ itemId, name }) => ({ itemId, name })),
    networks: networks.filter((network) => network.itemIds.length > 0),
  };
});

/**
 * The items at a network's site whose test made it; none when other items are on it. A network of an unknown test
 * belongs to every item. A test has a network at each of its sites, and the network is removed with the last copy there.
 * When two clean-ups share a network, at least the later one finds it free, because each looks after its own copies are
 * gone.
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
  const { testCopies } = await hypervisor.leftovers(worldId, others, network.executionId);
  return testCopies.some(({ siteId }) => siteId === network.siteId) ? [] : mine;
}
