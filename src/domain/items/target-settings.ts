import { z } from "zod";
import { TargetSettings } from "../worlds/world.js";
import type { ItemRecord } from "./item-record.js";

const fields = TargetSettings.shape;

/** A change of target settings: a missing field stays as it is, null restores the automatic choice. */
export const TargetChange = z.strictObject({
  name: fields.name.nullable(),
  resourceGroup: fields.resourceGroup.nullable(),
  size: fields.size.nullable(),
  availabilitySet: fields.availabilitySet.nullable(),
  managedDisks: z.boolean().optional(),
  networkId: fields.networkId.nullable(),
  subnet: fields.subnet.nullable(),
  ip: fields.ip.nullable(),
  testNetworkId: fields.testNetworkId.nullable(),
  /** Replaces the places of all further interfaces. */
  interfaces: fields.interfaces.nullable(),
});
export type TargetChange = z.infer<typeof TargetChange>;

export function withChange(target: TargetSettings, change: TargetChange): TargetSettings {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const merged = Object.entries({ ...target, ...Object.fromEntries(given) }).filter(([, value]) => value !== null);
  return TargetSettings.parse(Object.fromEntries(merged));
}

/**
 * Why the target settings of an item cannot be changed now, or null. A failover uses them (P3). They are reviewed again
 * once the item is home, before the reprotect that sends it out again (A8).
 */
export function targetLockReason(item: Pick<ItemRecord, "state" | "direction" | "heldBy">): string | null {
  if (item.heldBy !== null) return `execution ${item.heldBy.executionId} (${item.heldBy.verb}) holds it`;
  const { state, direction } = item;
  if (direction === "recovery-to-primary") {
    return state === "committed" ? null : "its workload runs at the recovery site, or may return there";
  }
  return state === "protected" || state === "unprotected" ? null : `it is ${state}`;
}
