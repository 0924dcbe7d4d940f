import { z } from "zod";
import { failbackPolicyId, SCENARIO_TRAITS } from "../scenario-traits.js";
import { Id } from "../text.js";
import type { Direction } from "../vocabulary.js";
import type { ItemRecord } from "./item-record.js";

/**
 * Items that replicate the same way by the same policy, and share points where they are a replication group. One that
 * comes home by a policy of its own has a failback twin, which is made with it (V1): a reprotect towards home moves an
 * item to the twin, the one after the failback moves it back.
 */
export const ProtectionGroup = z.object({
  id: z.string(),
  /** The policy in force in it. */
  policyId: z.string(),
  replicationGroupId: Id.nullable(),
  /** Of a failback group: the group that it was made with. */
  failbackOf: z.string().nullable(),
});
export type ProtectionGroup = z.infer<typeof ProtectionGroup>;

/** A group with those of a plan's items that are in it now. */
export const PlanProtectionGroup = ProtectionGroup.extend({ itemIds: z.array(Id) });
export type PlanProtectionGroup = z.infer<typeof PlanProtectionGroup>;

type Grouped = Pick<ItemRecord, "scenario" | "policyId" | "replicationGroupId" | "direction">;

function groupOn(
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

/** The group that an item is in: which way it replicates decides, so that no move can be forgotten or done twice. */
export const protectionGroupOf = (item: Grouped): ProtectionGroup => groupOn(item.direction, item);

/** The groups of some items, each with its failback twin, in the order in which they are first met. */
export function protectionGroupsOf(items: readonly (Grouped & Pick<ItemRecord, "itemId">)[]): PlanProtectionGroup[] {
  const groups = new Map<string, PlanProtectionGroup>();
  for (const item of items) {
    for (const direction of ["primary-to-recovery", "recovery-to-primary"] as const) {
      const group = groupOn(direction, item);
      if (!groups.has(group.id)) groups.set(group.id, { ...group, itemIds: [] });
    }
    groups.get(protectionGroupOf(item).id)?.itemIds.push(item.itemId);
  }
  return [...groups.values()];
}
