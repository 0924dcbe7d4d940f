import { activity } from "./activity.js";
import { findTestLeftovers as contract } from "./contracts/machines.js";
import type { Ports } from "./ports.js";

/**
 * What tests of the items left behind, whichever execution made it. A network is theirs when its test was of one of
 * them, and no other item has a copy on it.
 */
export const findTestLeftovers = activity(contract, async (ports, { worldId, itemIds }) => {
  const { testCopies, testNetworks } = await ports.hypervisor.leftovers(worldId, itemIds, null);
  const networks = await Promise.all(
    testNetworks.map(async ({ siteId, networkId, executionId }) => ({
      ...{ siteId, networkId, testExecutionId: executionId },
      itemIds: await itemsOfNetwork(ports, worldId, itemIds, executionId),
    })),
  );
  return {
    copies: testCopies.map(({ itemId, name }) => ({ itemId, name })),
    networks: networks.filter((network) => network.itemIds.length > 0),
  };
});

/** Those of the items whose test made a network; none when others are on it. One whose test is not known is everybody's. */
async function itemsOfNetwork(
  { store, hypervisor }: Ports,
  worldId: string,
  itemIds: readonly string[],
  testExecutionId: string,
): Promise<string[]> {
  const tested = (await store.getExecution(testExecutionId))?.value.itemIds ?? itemIds;
  const others = tested.filter((itemId) => !itemIds.includes(itemId));
  const mine = tested.filter((itemId) => itemIds.includes(itemId));
  if (mine.length === 0 || others.length === 0) return mine;
  const { testCopies } = await hypervisor.leftovers(worldId, others, testExecutionId);
  return testCopies.length === 0 ? mine : [];
}
