import type { Execution } from "../domain/execution.js";
import { type InferredState, inferItemState } from "../domain/items/infer-item-state.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { isOutcomeUnknown, withOutcome } from "../domain/items/post-execution-conditions.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import { toInstant } from "../domain/text.js";
import { readEach } from "../executions/read-each.js";
import type { Context } from "./context.js";

/** One item among those of all worlds. */
export const itemKey = (worldId: string, itemId: string): string => `${worldId}/${itemId}`;

/** The items whose outcome is unknown and that no later execution is responsible for. */
export const unknownOutcomes = (
  { worldId }: Pick<Execution, "worldId">,
  items: readonly ItemRecord[],
  inLater: ReadonlySet<string>,
): string[] =>
  items.flatMap((item) => (isOutcomeUnknown(item) && !inLater.has(itemKey(worldId, item.itemId)) ? [item.itemId] : []));

/**
 * Reconciles items whose outcome is unknown with what the hypervisor reports, as soon as it can be read. Meanwhile the
 * execution holds them. None of its items may be held before that, so that nobody else acts on them. Items of later
 * executions are left to those. True when an item was reconciled.
 */
export async function reconcileUnknownOutcomes(
  context: Context,
  { executionId, worldId, verb }: Execution,
  items: readonly ItemRecord[],
  inLater: ReadonlySet<string>,
): Promise<boolean> {
  const unknownIds = unknownOutcomes({ worldId }, items, inLater);
  if (unknownIds.length === 0 || items.some(({ heldBy }) => heldBy !== null)) return false;
  const { store, hypervisor, clock } = context;
  const describe = (ids: readonly string[]) => hypervisor.describeItems(worldId, ids);
  const first = await readEach(unknownIds, describe);
  const ids = first.found.flatMap((snapshot) => (inferItemState(snapshot) ? [snapshot.item.id] : []));
  if (ids.length === 0) return false;
  const claims = items.map(({ itemId, state }) => {
    return { itemId, from: state, during: ids.includes(itemId) ? state : null };
  });
  const taken = await store.acquireItems(worldId, executionId, verb, claims);
  const held = taken.filter(({ heldBy }) => heldBy?.executionId === executionId);
  const { found: snapshots } = await readEach(ids, describe);
  const states = await statesOf(context, { executionId, worldId, verb }, snapshots);
  const at = toInstant(clock.now());
  const updates = held.map(({ itemId, conditions }) => {
    const where = states.get(itemId);
    const change = where && { ...where, reason: null, conditions: withOutcome(conditions, { isKnown: true, at }) };
    return { itemId, release: true, change: change ?? {} };
  });
  await store.updateItems(worldId, executionId, updates);
  return true;
}

/** The states that the estate shows. A test that left a network awaits its clean-up, even if no copy is left. */
async function statesOf(
  { hypervisor }: Context,
  { executionId, worldId, verb }: Pick<Execution, "executionId" | "worldId" | "verb">,
  snapshots: readonly ItemSnapshot[],
): Promise<ReadonlyMap<string, InferredState | undefined>> {
  const ids = snapshots.map(({ item }) => item.id);
  const { testNetworks } =
    verb === "test-failover" ? await hypervisor.leftovers(worldId, ids, executionId) : { testNetworks: [] };
  const awaitsCleanUp = new Set(testNetworks.flatMap(({ itemIds }) => itemIds));
  return new Map(
    snapshots.map((snapshot) => {
      const inferred = inferItemState(snapshot);
      const isLeft = inferred?.state === "protected" && awaitsCleanUp.has(snapshot.item.id);
      return [snapshot.item.id, isLeft ? { ...inferred, state: "test-failed-over" } : inferred];
    }),
  );
}
