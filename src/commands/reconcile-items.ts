import type { Execution } from "../domain/execution.js";
import { type InferredState, inferItemState } from "../domain/items/infer-item-state.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { isOutcomeUnknown, withLeftovers, withOutcome } from "../domain/items/post-execution-conditions.js";
import { leftoversInWords } from "../domain/items/test-leftovers.js";
import { toInstant } from "../domain/text.js";
import type { Verb } from "../domain/vocabulary.js";
import { readEach } from "../executions/read-each.js";
import { findTestLeftovers } from "../executions/test-leftovers.js";
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
  const { store, clock } = context;
  const ids = [...(await statesOf(context, { worldId, verb }, unknownIds)).keys()];
  if (ids.length === 0) return false;
  const claims = items.map(({ itemId, state }) => {
    return { itemId, from: state, during: ids.includes(itemId) ? state : null };
  });
  const taken = await store.acquireItems(worldId, executionId, verb, claims);
  const held = taken.filter(({ heldBy }) => heldBy?.executionId === executionId);
  const states = await statesOf(context, { worldId, verb }, ids);
  const at = toInstant(clock.now());
  const updates = held.map(({ itemId, conditions }) => {
    const where = states.get(itemId);
    if (where === undefined) return { itemId, release: true, change: {} };
    const { left, ...change } = where;
    const known = withOutcome(conditions, { isKnown: true, at });
    const told = withLeftovers(known, { left, givenUp: `the ${verb} ended early`, at });
    return { itemId, release: true, change: { ...change, reason: null, conditions: told } };
  });
  await store.updateItems(worldId, executionId, updates);
  return true;
}

/** The resting state of an item, and what is left of its tests although no test awaits its clean-up. */
type Reconciled = InferredState & { left: string[] | undefined };

/** Verbs after which what is left of a test awaits its clean-up, even if no copy is left. */
const OF_TESTS: ReadonlySet<Verb> = new Set<Verb>(["test-failover", "test-clean-up"]);

/**
 * The states that the estate shows of those items that can be read and are at rest, with what is left of their tests.
 * Nobody else names that: the report of the execution is lost.
 */
async function statesOf(
  context: Context,
  { worldId, verb }: Pick<Execution, "worldId" | "verb">,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Reconciled>> {
  const { found: snapshots } = await readEach(ids, (some) => context.hypervisor.describeItems(worldId, some));
  const items = snapshots.map(({ item, replica }) => ({ itemId: item.id, targetSiteId: replica.siteId }));
  const { copies, networks, doubtful } = await findTestLeftovers(context, { worldId, items });
  const left = leftoversInWords({ copies, networks: [...networks, ...doubtful] });
  return new Map(
    snapshots.flatMap((snapshot) => {
      const inferred = inferItemState(snapshot);
      if (inferred === undefined) return [];
      const { id } = snapshot.item;
      const what = left.flatMap((one) => (one.itemIds.includes(id) ? [one.what] : []));
      const awaitsCleanUp = what.length > 0 && inferred.state === "protected" && OF_TESTS.has(verb);
      const state = awaitsCleanUp ? ("test-failed-over" as const) : inferred.state;
      const isTold = what.length > 0 && state !== "test-failed-over";
      return [[id, { ...inferred, state, left: isTold ? what : undefined }] as const];
    }),
  );
}
