import { hasLeftovers } from "../../domain/items/item-record.js";
import { leftoversInWords } from "../../domain/items/test-leftovers.js";
import { findTestLeftovers } from "../../executions/test-leftovers.js";
import type { Services } from "../context.js";

/** What earlier tests left of items. `accepted`: somebody forced the clean-up and gave a reason. */
export async function blockingLeftovers(
  services: Services,
  worldId: string,
  itemIds: readonly string[],
): Promise<{ blocking: string[]; accepted: string[] }> {
  const records = await services.store.findItems(worldId, itemIds);
  const known = records.map(({ itemId }) => itemId);
  const givenUp = new Set(records.filter(hasLeftovers).map(({ itemId }) => itemId));
  const snapshots = await services.hypervisor.describeItems(worldId, known);
  const items = snapshots.map(({ item, replica }) => ({ itemId: item.id, targetSiteId: replica.siteId }));
  const left = await findTestLeftovers(services, { worldId, items });
  const unknown = left.unreadable.map(({ itemId, why }) => ({ what: `${itemId}: ${why}`, itemIds: [itemId] }));
  const found = [...leftoversInWords(left), ...unknown];
  const isAccepted = ({ itemIds: of }: { itemIds: readonly string[] }) => of.every((itemId) => givenUp.has(itemId));
  return {
    blocking: found.filter((one) => !isAccepted(one)).map(({ what }) => what),
    accepted: found.filter(isAccepted).map(({ what }) => what),
  };
}

/** What is left of one test of items. */
export async function leftoversOf(
  { hypervisor, store }: Services,
  worldId: string,
  itemIds: readonly string[],
  executionId: string,
): Promise<string[]> {
  const known = (await store.findItems(worldId, itemIds)).map(({ itemId }) => itemId);
  const { testCopies, testNetworks } = await hypervisor.leftovers(worldId, known, executionId);
  return leftoversInWords({ copies: testCopies, networks: testNetworks }).map(({ what }) => what);
}
