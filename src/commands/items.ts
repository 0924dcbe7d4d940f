import { RecoveryError } from "../domain/errors.js";
import type { ItemRecord } from "../domain/item-record.js";
import { type ActionAnswer, allowedActions } from "../domain/lifecycle.js";
import type { CopySnapshot, ItemSnapshot } from "../domain/snapshot.js";
import type { TargetSettings } from "../domain/world.js";
import type { RecoveryPoints } from "../hypervisor/port.js";
import type { Page, PageRequest } from "../store/port.js";
import type { Services } from "./context.js";
import { getWorld } from "./worlds.js";

/** An item with every verb, whether it is allowed now, and if not, why and what would make it so. */
export interface ItemView extends ItemRecord {
  allowedActions: ActionAnswer[];
}

/** The same with what the hypervisor sees of it now. */
export interface ItemDetail extends ItemView {
  /** What the replica gets at the other site; an import of the world changes it (P3). */
  target: TargetSettings;
  source: CopySnapshot;
  replica: CopySnapshot;
  replication: Pick<ItemSnapshot["replication"], "state" | "rpoSeconds">;
}

const viewOf = (item: ItemRecord): ItemView => ({ ...item, allowedActions: allowedActions(item) });

export async function listItems(services: Services, worldId: string, page: PageRequest): Promise<Page<ItemView>> {
  await getWorld(services, worldId);
  const { entries, ...rest } = await services.store.listItems(worldId, page);
  return { ...rest, entries: entries.map(viewOf) };
}

export async function findItem(services: Services, worldId: string, itemId: string): Promise<ItemRecord> {
  await getWorld(services, worldId);
  const [item] = await services.store.getItems(worldId, [itemId]);
  if (!item) throw new RecoveryError("item-not-found", `world ${worldId} has no item ${itemId}`);
  return item;
}

export async function getItem(services: Services, worldId: string, itemId: string): Promise<ItemDetail> {
  const item = await findItem(services, worldId, itemId);
  const [seen] = await services.hypervisor.describeItems(worldId, [itemId]);
  if (!seen) throw new RecoveryError("item-not-found", `the hypervisor knows no item ${itemId} in world ${worldId}`);
  const { source, replica } = seen;
  const { state, rpoSeconds } = seen.replication;
  return { ...viewOf(item), target: seen.item.target, source, replica, replication: { state, rpoSeconds } };
}

/** The recovery points an item could start from now, newest first. */
export async function listRecoveryPoints(services: Services, worldId: string, itemId: string): Promise<RecoveryPoints> {
  await getWorld(services, worldId);
  return services.hypervisor.recoveryPoints(worldId, itemId);
}
