import { describeReadable } from "../activities/conditions-at-rest.js";
import type { Execution } from "../domain/execution.js";
import { inferItemState } from "../domain/items/infer-item-state.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { isOutcomeUnknown, withOutcome } from "../domain/items/post-execution-conditions.js";
import { toInstant } from "../domain/text.js";
import type { Context } from "./context.js";

/** One item among those of all worlds. */
export const itemKey = (worldId: string, itemId: string): string => `${worldId}/${itemId}`;

/**
 * Sets the records of items right of which an ended execution could not say how far they came: what the estate is
 * decides, as soon as it can be read. They are held for the execution in the meantime, and none of its other items may be
 * held by then, so that nobody acts on them or beside it. Those in later executions are left to them. True when one was set right.
 */
export async function setRight(
  context: Context,
  { executionId, worldId, verb }: Execution,
  items: readonly ItemRecord[],
  inLater: ReadonlySet<string>,
): Promise<boolean> {
  const unknownIds = items.flatMap((item) =>
    isOutcomeUnknown(item) && !inLater.has(itemKey(worldId, item.itemId)) ? [item.itemId] : [],
  );
  if (unknownIds.length === 0 || items.some(({ heldBy }) => heldBy !== null)) return false;
  const { store, hypervisor, clock } = context;
  const first = await describeReadable(hypervisor, worldId, unknownIds);
  const ids = first.snapshots.flatMap((snapshot) => (inferItemState(snapshot) ? [snapshot.item.id] : []));
  if (ids.length === 0) return false;
  const claims = items.map(({ itemId, state }) => {
    return { itemId, from: state, during: ids.includes(itemId) ? state : null };
  });
  const taken = await store.acquireItems(worldId, executionId, verb, claims);
  const held = taken.filter(({ heldBy }) => heldBy?.executionId === executionId);
  const { snapshots } = await describeReadable(hypervisor, worldId, ids);
  const found = new Map(snapshots.map((snapshot) => [snapshot.item.id, inferItemState(snapshot)]));
  const at = toInstant(clock.now());
  const updates = held.map(({ itemId, conditions }) => {
    const where = found.get(itemId);
    const change = where && { ...where, reason: null, conditions: withOutcome(conditions, { isKnown: true, at }) };
    return { itemId, release: true, change: change ?? {} };
  });
  await store.updateItems(worldId, executionId, updates);
  return true;
}
