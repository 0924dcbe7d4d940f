import type { LinkChange, MachineChange, SiteChange } from "../domain/worlds/estate-changes.js";
import type { MasterTarget } from "../domain/worlds/topology.js";
import type { Link, Site } from "../domain/worlds/world.js";
import type { Services } from "./context.js";
import { findItem, type ItemDetail, viewItem } from "./items.js";
import { requirePassphrase } from "./passphrase.js";
import { getWorld } from "./worlds.js";

/** Changes a site of the estate, as an administrator does outside of the product. */
export async function changeSite(
  services: Services,
  worldId: string,
  siteId: string,
  change: SiteChange,
): Promise<Site> {
  await getWorld(services, worldId);
  await services.estate.changeSite(worldId, siteId, change);
  return (await services.hypervisor.describeSite(worldId, siteId)).site;
}

/** Changes the machine of an item, or starts or stops the copy that runs its workload. */
export async function changeMachine(
  services: Services,
  worldId: string,
  itemId: string,
  change: MachineChange,
): Promise<ItemDetail> {
  await findItem(services, worldId, itemId);
  await services.estate.changeMachine(worldId, itemId, change);
  return viewItem(services, worldId, itemId);
}

export async function changeLink(
  services: Services,
  worldId: string,
  linkId: string,
  change: LinkChange,
): Promise<Link> {
  await getWorld(services, worldId);
  return services.estate.changeLink(worldId, linkId, change);
}

/** Installs an additional master target, or sets one up anew. It registers with the configuration server (V5). */
export async function installMasterTarget(
  services: Services,
  worldId: string,
  siteId: string,
  { passphrase, ...masterTarget }: MasterTarget & { passphrase?: string | undefined },
): Promise<MasterTarget> {
  await getWorld(services, worldId);
  await requirePassphrase(services, worldId, siteId, passphrase);
  await services.estate.installMasterTarget(worldId, siteId, masterTarget);
  return masterTarget;
}
