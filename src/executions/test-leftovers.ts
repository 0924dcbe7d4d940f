/**
 * Finds what tests of items left behind, whichever execution made it.
 *
 * L1. A network belongs to the items whose test it was. While another item has a copy on it, it belongs to that one.
 *     (test/orchestrators/left-networks.test.ts)
 * L2. A network with an item on it that cannot be read is not removed. It is answered as doubtful, so that a report names
 *     it. One at another site is not held up by that. (test/orchestrators/left-networks.test.ts)
 */
import type { z } from "zod";
import type { Leftovers } from "../hypervisor/port.js";
import type { Ports } from "../ports.js";
import type { findTestLeftovers as contract } from "../steps/contracts.js";
import { readEach } from "./read-each.js";

/** What tests left of items: copies and networks. */
export type TestLeftovers = z.output<typeof contract.output>;

export async function findTestLeftovers(
  ports: Ports,
  { worldId, items }: Pick<z.output<typeof contract.input>, "worldId" | "items">,
): Promise<TestLeftovers> {
  const read = async (ids: readonly string[]) => [await ports.hypervisor.leftovers(worldId, ids, null)];
  const { found, unreadable } = await readEach(
    items.map(({ itemId }) => itemId),
    read,
  );
  const unread = items.filter(({ itemId }) => unreadable.has(itemId));
  const near = together([
    ...found.flatMap(({ testNetworks }) => testNetworks),
    ...(await networksNear(ports, worldId, unread)),
  ]);
  const asked: Asked = { worldId, itemIds: items.map(({ itemId }) => itemId), unreadable };
  const networks = (await Promise.all(near.map((network) => claimOn(ports, asked, network)))).flatMap(
    (one) => one ?? [],
  );
  return {
    copies: found.flatMap(({ testCopies }) => testCopies.map(({ itemId, name }) => ({ itemId, name }))),
    networks: networks.flatMap(({ why, ...network }) => (why === null ? [network] : [])),
    doubtful: networks.flatMap(({ why, ...network }) => (why === null ? [] : [{ ...network, why }])),
    unreadable: [...unreadable].map(([itemId, why]) => ({ itemId, why: why.slice(0, 2_000) })),
  };
}

type Network = Leftovers["testNetworks"][number];

/** The items that were asked for, and why some of them could not be read. */
interface Asked {
  worldId: string;
  itemIds: readonly string[];
  unreadable: ReadonlyMap<string, string>;
}

/** The networks at the sites of items that cannot be read. */
async function networksNear(
  { hypervisor }: Ports,
  worldId: string,
  items: readonly { itemId: string; targetSiteId: string }[],
): Promise<Network[]> {
  const siteIds = [...new Set(items.map(({ targetSiteId }) => targetSiteId))];
  const sites = await Promise.all(
    siteIds.map(async (siteId) => {
      const { testNetworks } = await hypervisor.describeSite(worldId, siteId);
      const itemIds = items.flatMap(({ itemId, targetSiteId }) => (targetSiteId === siteId ? [itemId] : []));
      return testNetworks.map(({ id: networkId, executionId }) => ({ siteId, networkId, executionId, itemIds }));
    }),
  );
  return sites.flat();
}

/** The networks of several readings, each with its items of all of them. */
function together(found: readonly Network[]): Network[] {
  const networks = new Map<string, Network>();
  for (const network of found) {
    const key = `${network.siteId} ${network.networkId} ${network.executionId}`;
    networks.set(key, { ...network, itemIds: [...(networks.get(key)?.itemIds ?? []), ...network.itemIds] });
  }
  return [...networks.values()];
}

/**
 * Which of the items a network belongs to, and why it must stay; undefined when it belongs to none of them, or to other
 * items that are on it. A network of an unknown test belongs to every item. A test has a network at each of its sites,
 * and the network is removed with the last copy there. When two clean-ups share a network, at least the later one finds
 * it free, because each looks after its own copies are gone. An item that was removed has no copies, and one that cannot
 * be read may have some.
 */
async function claimOn({ store, hypervisor }: Ports, { worldId, itemIds, unreadable }: Asked, network: Network) {
  const { siteId, networkId, executionId: testExecutionId } = network;
  const tested = (await store.getExecution(testExecutionId))?.value.itemIds ?? itemIds;
  const mine = tested.filter((itemId) => network.itemIds.includes(itemId));
  if (mine.length === 0) return undefined;
  const others = tested.filter((itemId) => !itemIds.includes(itemId));
  const records = await readEach(others, (ids) => store.findItems(worldId, ids));
  const known = new Set([...records.found.map(({ itemId }) => itemId), ...records.unreadable.keys()]);
  const read = async (ids: readonly string[]) => [await hypervisor.leftovers(worldId, ids, testExecutionId)];
  const there = await readEach(
    others.filter((itemId) => known.has(itemId)),
    read,
  );
  if (there.found.some(({ testCopies }) => testCopies.some((copy) => copy.siteId === siteId))) return undefined;
  const [why = null] = [...mine.flatMap((itemId) => unreadable.get(itemId) ?? []), ...there.unreadable.values()];
  return { siteId, networkId, testExecutionId, itemIds: mine, why: why?.slice(0, 500) ?? null };
}
