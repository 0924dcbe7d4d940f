import { RecoveryError } from "../domain/errors.js";
import { canonicalJson } from "../domain/identity.js";
import { effectiveSettings } from "../domain/items/effective-settings.js";
import { type TargetChange, targetLockReason, withChange } from "../domain/items/target-settings.js";
import type { Finding } from "../domain/prerequisites/prerequisite.js";
import { checkPrerequisites } from "../domain/prerequisites/prerequisites.js";
import { interfaceProblems } from "../domain/worlds/networks.js";
import type { TargetSettings } from "../domain/worlds/world.js";
import type { Services } from "./context.js";
import { findItem } from "./items.js";

/** What an item gets at the other site, and what would prevent its creation there. */
export interface TargetView {
  target: TargetSettings;
  /** The same with every automatic choice made: name, size and subnet. */
  effective: TargetSettings;
  /** Why they cannot be changed now; null when they can. */
  locked: string | null;
  etag: string;
  findings: Finding[];
}

/** Shows what an item gets at the other site (P3). */
export async function getTarget(services: Services, worldId: string, itemId: string): Promise<TargetView> {
  const item = await findItem(services, worldId, itemId);
  const estate = await services.hypervisor.describeEstate(worldId, [itemId]);
  const [snapshot] = estate.items;
  const away = estate.sites.find(({ site }) => site.id === snapshot?.item.targetSiteId);
  if (snapshot === undefined || away === undefined)
    throw new RecoveryError("item-not-found", `the hypervisor has no item ${itemId}`);
  const known = { items: new Map([[itemId, item]]), options: {} };
  const findings =
    item.direction === "primary-to-recovery" ? checkPrerequisites(estate, "unplanned-failover", known) : [];
  const { target } = snapshot.item;
  const effective = effectiveSettings(snapshot, away.site, "primary-to-recovery");
  return { target, effective, locked: targetLockReason(item), etag: etagOf(services, target), findings };
}

/**
 * Changes what an item gets at the other site. Refuses `etag-mismatch` when it was changed since, and
 * `target-locked` once the item fails over.
 */
export async function changeTarget(
  services: Services,
  worldId: string,
  itemId: string,
  { change, ifMatch }: { change: TargetChange; ifMatch: string },
): Promise<TargetView> {
  const settled = targetLockReason(await findItem(services, worldId, itemId));
  if (settled !== null) throw new RecoveryError("target-locked", `item ${itemId}: ${settled}`);
  const { target, etag } = await getTarget(services, worldId, itemId);
  if (etag !== ifMatch) throw new RecoveryError("etag-mismatch", `the target settings of ${itemId} were changed`);
  const changed = withChange(target, change);
  await refuseUnknownInterfaces(services, worldId, itemId, changed);
  await services.hypervisor.replaceTarget(worldId, itemId, target, changed);
  return getTarget(services, worldId, itemId);
}

async function refuseUnknownInterfaces(
  { hypervisor }: Services,
  worldId: string,
  itemId: string,
  target: TargetSettings,
): Promise<void> {
  const [snapshot] = await hypervisor.describeItems(worldId, [itemId]);
  if (snapshot === undefined) return;
  const [problem] = interfaceProblems({ ...snapshot.item, target }, snapshot.machine);
  if (problem !== undefined) throw new RecoveryError("invalid-input", problem);
}

const etagOf = ({ hash }: Services, target: TargetSettings): string => `"${hash(canonicalJson(target)).slice(0, 32)}"`;
