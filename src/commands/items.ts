import { RecoveryError } from "../domain/errors.js";
import { type AllowedAction, allowedActions } from "../domain/items/allowed-actions.js";
import { conditionsOf } from "../domain/items/conditions.js";
import { nextSettings } from "../domain/items/effective-settings.js";
import type { ItemCondition, ItemRecord } from "../domain/items/item-record.js";
import { type MachineView, machineViewOf } from "../domain/items/machine-view.js";
import { type ProtectionGroup, protectionGroupOf } from "../domain/items/protection-group.js";
import type { CopySnapshot, ItemSnapshot } from "../domain/items/snapshot.js";
import { policyOf, SCENARIO_TRAITS } from "../domain/scenario-traits.js";
import { defined } from "../domain/text.js";
import { type EstateClock, realTimeOf } from "../domain/worlds/estate-clock.js";
import type { Machine, ReplicationPolicy, Site, TargetSettings } from "../domain/worlds/world.js";
import { readEach } from "../executions/read-each.js";
import type { RecoveryPoints } from "../hypervisor/port.js";
import type { Page, PageRequest } from "../store/port.js";
import type { Services } from "./context.js";
import { getWorld } from "./worlds.js";

/** What the hypervisor reports about an item now. */
export interface LiveView {
  replication: ItemSnapshot["replication"];
  /** The policy in force for the direction of replication. */
  policy: ReplicationPolicy;
  /** Made with the replication policy, bound to the configuration server, and never changed (P12). */
  failbackPolicy: (ReplicationPolicy & { configurationServerId: string | null }) | null;
  agentRegistered: boolean;
  /** What a failback left at the recovery site (A9). */
  leftBehind: ItemSnapshot["leftBehind"];
  /** The machine as it is at home. A physical server that came home is a VM (V2). */
  machine: Pick<Machine, "form" | "hostId" | "datastoreId">;
  /** VMware tools of the copy that runs (F6). */
  tools: ItemSnapshot["source"]["tools"];
}

/** An item with its hazards, and every verb with whether it is allowed now, and if not, why and what would make it so. */
export interface ItemView extends ItemRecord {
  /** Where it is protected now; a failback group on the way home (V1). */
  protectionGroup: ProtectionGroup;
  live: LiveView;
  allowedActions: AllowedAction[];
}

/** The same with both copies and what decides how the next one is made. */
export interface ItemDetail extends ItemView {
  /** The machine as it is at home, with its disks and interfaces (P3). */
  machine: MachineView;
  /** What the replica gets at the other site; editable until the item fails over (P3). */
  target: TargetSettings;
  /** What the next move gives the machine, with every automatic choice made. */
  effective: TargetSettings;
  source: CopySnapshot;
  replica: CopySnapshot;
  replication: Pick<ItemSnapshot["replication"], "state" | "rpoSeconds">;
}

async function detailsOf(services: Services, worldId: string, records: readonly ItemRecord[]): Promise<ItemDetail[]> {
  if (records.length === 0) return [];
  const itemIds = records.map(({ itemId }) => itemId);
  const [estate, clock, members] = await Promise.all([
    services.hypervisor.describeEstate(worldId, itemIds),
    services.estate.clock(worldId),
    membersOf(services, worldId, records),
  ]);
  const sites = new Map(estate.sites.map(({ site }) => [site.id, site]));
  const snapshots = new Map(estate.items.map((snapshot) => [snapshot.item.id, snapshot]));
  return records.map((record) => {
    const snapshot = snapshots.get(record.itemId);
    const home = sites.get(snapshot?.item.sourceSiteId ?? "");
    if (snapshot === undefined || home === undefined) {
      throw new RecoveryError("item-not-found", `the hypervisor has no item ${record.itemId}`);
    }
    const { source, replica, replication } = snapshot;
    return {
      ...record,
      conditions: [...record.conditions, ...inRealTime(clock, conditionsOf({ snapshot, home }))],
      protectionGroup: protectionGroupOf(record),
      live: liveViewOf(snapshot, home),
      allowedActions: allowedActions(
        record,
        members.filter(({ replicationGroupId }) => replicationGroupId === record.replicationGroupId),
      ),
      machine: machineViewOf(snapshot),
      target: snapshot.item.target,
      effective: nextSettings(snapshot, sites),
      source,
      replica,
      replication: { state: replication.state, rpoSeconds: replication.rpoSeconds },
    };
  });
}

/** The estate tells its own time, the records of Secondsite tell real time. */
const inRealTime = (clock: EstateClock, conditions: readonly ItemCondition[]): ItemCondition[] =>
  conditions.map((condition) => ({
    ...condition,
    since: condition.since === null ? null : realTimeOf(clock, condition.since),
  }));

/** All members of the replication groups of some items. */
async function membersOf(
  { store }: Services,
  worldId: string,
  records: readonly ItemRecord[],
): Promise<readonly ItemRecord[]> {
  const groupIds = [...new Set(records.flatMap(({ replicationGroupId }) => replicationGroupId ?? []))];
  return groupIds.length === 0 ? [] : store.getReplicationGroups(worldId, groupIds);
}

function liveViewOf(snapshot: ItemSnapshot, home: Site): LiveView {
  const { item, machine, direction, replication, policy, agentRegistered, leftBehind, source, replica } = snapshot;
  const { form, hostId, datastoreId } = machine;
  const own = SCENARIO_TRAITS[item.scenario].ownFailbackPolicy;
  const failbackPolicy = {
    ...(direction === "recovery-to-primary" ? policy : policyOf(policy, item.scenario, "recovery-to-primary")),
    configurationServerId: home.configurationServer?.id ?? null,
  };
  return {
    replication,
    policy,
    failbackPolicy: own ? failbackPolicy : null,
    agentRegistered,
    leftBehind,
    machine: { form, ...defined({ hostId, datastoreId }) },
    tools: replica.power === "on" ? replica.tools : source.tools,
  };
}

export async function listItems(services: Services, worldId: string, page: PageRequest): Promise<Page<ItemView>> {
  await getWorld(services, worldId);
  const { entries, ...rest } = await services.store.listItems(worldId, page);
  const byId = new Map(entries.map((record) => [record.itemId, record]));
  const details = await readEach([...byId.keys()], (ids) =>
    detailsOf(
      services,
      worldId,
      ids.flatMap((id) => byId.get(id) ?? []),
    ),
  );
  const unreadable = [...(rest.unreadable ?? []), ...details.unreadable.values()];
  return {
    ...rest,
    entries: details.found.map(({ machine, target, effective, source, replica, replication, ...view }) => view),
    ...(unreadable.length > 0 && { unreadable }),
  };
}

/** The record of one item; refuses `world-not-found` and `item-not-found`. */
export async function findItem(services: Services, worldId: string, itemId: string): Promise<ItemRecord> {
  await getWorld(services, worldId);
  const [item] = await services.store.getItems(worldId, [itemId]);
  if (!item) throw new RecoveryError("item-not-found", `world ${worldId} has no item ${itemId}`);
  return item;
}

export async function viewItem(services: Services, worldId: string, itemId: string): Promise<ItemDetail> {
  const [view] = await detailsOf(services, worldId, [await findItem(services, worldId, itemId)]);
  if (!view) throw new RecoveryError("item-not-found", `world ${worldId} has no item ${itemId}`);
  return view;
}

/** Confirms that somebody did what a condition asks for. Refuses `not-found` when the item does not have the condition. */
export async function resolveCondition(
  services: Services,
  worldId: string,
  itemId: string,
  type: string,
): Promise<ItemDetail> {
  await findItem(services, worldId, itemId);
  await services.estate.resolveCondition(worldId, itemId, type);
  return viewItem(services, worldId, itemId);
}

/** Simulates that the source of a failed-over item starts again on its own, with its workload. */
export async function simulateSourceReturn(services: Services, worldId: string, itemId: string): Promise<ItemDetail> {
  await findItem(services, worldId, itemId);
  await services.estate.simulateSourceReturn(worldId, itemId);
  return viewItem(services, worldId, itemId);
}

/** The recovery points an item could start from now, newest first. */
export async function listRecoveryPoints(services: Services, worldId: string, itemId: string): Promise<RecoveryPoints> {
  await getWorld(services, worldId);
  return services.hypervisor.recoveryPoints(worldId, itemId);
}
