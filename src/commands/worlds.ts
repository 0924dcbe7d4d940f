import { RecoveryError } from "../domain/errors.js";
import { wayToUnprotected } from "../domain/items/advice.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { toInstant } from "../domain/text.js";
import type { Page, PageRequest, WorldRecord } from "../store/port.js";
import type { Services } from "./context.js";
import { allPages } from "./pages.js";
import { unfinishedExecutions } from "./unfinished-executions.js";

export async function getWorld({ store }: Services, worldId: string): Promise<WorldRecord> {
  const record = await store.getWorld(worldId);
  if (!record) throw new RecoveryError("world-not-found", `there is no world ${worldId}`);
  return record;
}

export function listWorlds({ store }: Services, page: PageRequest): Promise<Page<WorldRecord>> {
  return store.listWorlds(page);
}

/**
 * Removes a world with its items and its estate; its executions stay readable. Refuses while an execution is under way,
 * and while plans refer to it, unless these go too. A world that is gone is no error, so a removal may be repeated.
 */
export async function removeWorld(services: Services, worldId: string, options: { plans: boolean }): Promise<void> {
  const { store, estate, clock } = services;
  const known = await store.getWorld(worldId);
  if (known === null) return;
  await refuseUsedWorld(services, worldId);
  const planIds = await plansOf(services, worldId);
  if (planIds.length > 0 && !options.plans) {
    const text = `plans refer to world ${worldId}: ${planIds.slice(0, 5).join(", ")}`;
    throw new RecoveryError("world-has-plans", text, planIds);
  }
  const since = toInstant(clock.now());
  const begun = await store.beginWorldChange(worldId, known.name, {
    kind: "removal",
    contentHash: "",
    since,
    itemIds: null,
  });
  try {
    await refuseUsedWorld(services, worldId);
  } catch (thrown) {
    await store.giveUpWorldChange(begun);
    throw thrown;
  }
  for (const planId of planIds) await store.removePlan(planId, null);
  await estate.removeWorld(worldId);
  await store.removeWorld(worldId);
}

async function refuseUsedWorld(services: Services, worldId: string): Promise<void> {
  await services.store.refuseHeldItems(worldId);
  const running = await unfinishedExecutions(services, (execution) => execution.worldId === worldId);
  if (running.length === 0) return;
  const text = `executions of world ${worldId} have not ended: ${running.slice(0, 5).join(", ")}`;
  throw new RecoveryError("world-in-use", text, running);
}

async function plansOf({ store }: Services, worldId: string): Promise<string[]> {
  const { entries, unreadable } = await allPages((page) => store.listPlans(page));
  if (unreadable[0] !== undefined) throw new RecoveryError("row-unreadable", unreadable[0]);
  return entries.filter(({ plan }) => plan.worldId === worldId).map(({ plan }) => plan.id);
}

/**
 * Removes an item that is no longer protected. Plans that have it say so. An item that is gone is no error, so a removal
 * may be repeated.
 */
export async function removeItem(services: Services, worldId: string, itemId: string): Promise<void> {
  const { change } = await getWorld(services, worldId);
  if (change) throw new RecoveryError("world-changing", `a change of world ${worldId} began at ${change.since}`);
  await services.store.removeItem(worldId, itemId, refuseProtected);
  await services.estate.removeItem(worldId, itemId);
}

function refuseProtected(record: ItemRecord): void {
  const { itemId, state, heldBy } = record;
  if (heldBy !== null) {
    const text = `execution ${heldBy.executionId} (${heldBy.verb}) holds item ${itemId}`;
    throw new RecoveryError("item-held", text, [heldBy.executionId]);
  }
  if (state === "unprotected") return;
  const verbs = wayToUnprotected(record);
  const advice = verbs === null ? "wait until it is at rest" : `do first: ${verbs.join(", then ")}`;
  throw new RecoveryError("item-protected", `item ${itemId} is ${state}, not unprotected; ${advice}`);
}
