import { describeReadable } from "../activities/conditions-at-rest.js";
import type { Execution } from "../domain/execution.js";
import type { ItemRecord } from "../domain/item-record.js";
import { isOutcomeUnknown, withOutcome } from "../domain/rest-conditions.js";
import { toInstant } from "../domain/text.js";
import { whereFound } from "../domain/where-found.js";
import type { Context } from "./context.js";

/**
 * Sets the records of items right of which an ended execution could not say how far they came: what the estate is
 * decides, as soon as it can be read. They are held for the execution in the meantime, so that nobody acts on them.
 * True when one was set right.
 */
export async function setRight(
  context: Context,
  { executionId, worldId, verb }: Execution,
  items: readonly ItemRecord[],
): Promise<boolean> {
  const unknown = items.filter((item) => item.heldBy === null && isOutcomeUnknown(item));
  const unknownIds = unknown.map(({ itemId }) => itemId);
  const { store, hypervisor, clock } = context;
  const first = await describeReadable(hypervisor, worldId, unknownIds);
  const ids = first.snapshots.flatMap((snapshot) => (whereFound(snapshot) ? [snapshot.item.id] : []));
  const claims = unknown.flatMap(({ itemId, state }) =>
    ids.includes(itemId) ? [{ itemId, from: state, during: state }] : [],
  );
  if (claims.length === 0) return false;
  const held = await store.acquireItems(worldId, executionId, verb, claims);
  const { snapshots } = await describeReadable(hypervisor, worldId, ids);
  const found = new Map(snapshots.map((snapshot) => [snapshot.item.id, whereFound(snapshot)]));
  const at = toInstant(clock.now());
  const updates = held.map(({ itemId, conditions }) => {
    const where = found.get(itemId);
    const change = where && { ...where, reason: null, conditions: withOutcome(conditions, { isKnown: true, at }) };
    return { itemId, release: true, change: change ?? {} };
  });
  await store.updateItems(worldId, executionId, updates);
  return true;
}
