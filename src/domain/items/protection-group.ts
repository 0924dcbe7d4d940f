import { z } from "zod";
import { failbackPolicyId, SCENARIO_TRAITS } from "../scenario-traits.js";
import { Id } from "../text.js";
import type { Direction } from "../vocabulary.js";
import type { ItemRecord } from "./item-record.js";

/**
 * Items that replicate in the same direction by the same policy. If failback has a policy of its own, each group has a
 * failback group, which is created with it (V1). A reprotect towards the primary site moves an item to the failback
 * group, and the reprotect after the failback moves it back.
 */
export const ProtectionGroup = z.object({
  id: z.string(),
  /** The policy in force in the group. */
  policyId: z.string(),
  replicationGroupId: Id.nullable(),
  /** For a failback group: the group that it was created with. */
  failbackOf: z.string().nullable(),
});
export type ProtectionGroup = z.infer<typeof ProtectionGroup>;

/** A group with the items of a plan that are in it now. */
export const PlanProtectionGroup = ProtectionGroup.extend({ itemIds: z.array(Id) });
export type PlanProtectionGroup = z.infer<typeof PlanProtectionGroup>;

type Grouped = Pick<ItemRecord, "scenario" | "policyId" | "replicationGroupId" | "direction">;

function groupIn(
  direction: Direction,
  { scenario, policyId, replicationGroupId }: Omit<Grouped, "direction">,
): ProtectionGroup {
  const original = replicationGroupId === null ? policyId : `${policyId}.${replicationGroupId}`;
  if (direction === "primary-to-recovery" || !SCENARIO_TRAITS[scenario].ownFailbackPolicy) {
    return { id: original, policyId, replicationGroupId, failbackOf: null };
  }
  const id = `${original}-failback`;
  return { id, policyId: failbackPolicyId(policyId), replicationGroupId, failbackOf: original };
}

/** The group of an item. The direction of replication decides it, so no move between groups can be lost or repeated. */
export const protectionGroupOf = (item: Grouped): ProtectionGroup => groupIn(item.direction, item);

/** The groups of the items, each with its failback group, in the order of the items. */
export function protectionGroupsOf(items: readonly (Grouped & Pick<ItemRecord, "itemId">)[]): PlanProtectionGroup[] {
  const groups = new Map<string, PlanProtectionGroup>();
  for (const item of items) {
    for (const direction of ["primary-to-recovery", "recovery-to-primary"] as const) {
      const group = groupIn(direction, item);
      if (!groups.has(group.id)) groups.set(group.id, { ...group, itemIds: [] });
    }
    groups.get(protectionGroupOf(item).id)?.itemIds.push(item.itemId);
  }
  return [...groups.values()];
}
