import type { Subject } from "../execution.js";
import type { ItemRecord } from "../items/item-record.js";
import type { Plan } from "./plan.js";
import { planItemIds } from "./plan-rules.js";

/** What there is to know about one member of a plan now. */
export interface MemberNow {
  record: ItemRecord;
  /** What the execution runs that holds it; null if none does, or if that is unknown. */
  heldFor: Subject | null;
  /** Null if nobody asked the hypervisor. */
  replication: "replicating" | "stopped" | "unreadable" | null;
}

/**
 * What prevents or weakens a recovery of the members of a plan, one sentence for each, in the order of the plan.
 * @param unreadable why records cannot be read: those members are not gone
 */
export const memberWarnings = (
  plan: Plan,
  members: ReadonlyMap<string, MemberNow>,
  unreadable: ReadonlyMap<string, string> = new Map(),
): string[] =>
  planItemIds(plan).flatMap((itemId) => {
    const member = members.get(itemId);
    const problem = unreadable.get(itemId);
    if (problem !== undefined) return [`item ${itemId} cannot be read: ${problem}`];
    if (member === undefined) {
      return [
        `item ${itemId} is gone from world ${plan.worldId}; save the plan without it, or import the item again with mode=merge`,
      ];
    }
    const { record } = member;
    return [heldElsewhere(plan, member), badState(record), badReplication(member), ...conditions(record)].flatMap(
      (what) => (what === null ? [] : [`item ${itemId} ${what}`]),
    );
  });

function heldElsewhere(plan: Plan, { record: { heldBy }, heldFor }: MemberNow): string | null {
  if (heldBy === null || (heldFor?.kind === "plan" && heldFor.planId === plan.id)) return null;
  const owner = heldFor?.kind === "plan" ? ` of plan ${heldFor.planId}` : "";
  return `is held by execution ${heldBy.executionId} (${heldBy.verb})${owner}`;
}

function badState({ state, reason }: ItemRecord): string | null {
  if (state === "unprotected") return "is unprotected; enable its replication, or save the plan without it";
  if (state !== "failover-failed") return null;
  return `is failover-failed${reason === null ? "" : ` (${reason})`}; fail it over again, or cancel the failover`;
}

function badReplication({ record, replication }: MemberNow): string | null {
  if (replication === "unreadable") return "cannot be read at its hypervisor, so nobody knows whether it replicates";
  const isKnown = record.conditions.some(({ type }) => type === "not-replicating");
  if (replication !== "stopped" || isKnown || record.state !== "protected") return null;
  return "does not replicate, so it gets no new recovery points";
}

const TOLD: ReadonlySet<string> = new Set(["not-replicating", "outcome-unknown", "leftovers", "split-brain"]);

const conditions = ({ conditions: found }: ItemRecord): string[] =>
  found.filter(({ type }) => TOLD.has(type)).map(({ type, whatToDo }) => `has the condition ${type}: ${whatToDo}`);
