import type { ItemRecord } from "../items/item-record.js";
import { cancellation, transition } from "../items/lifecycle.js";
import { Direction, ItemState, Scenario, Verb } from "../vocabulary.js";

/** A call that leads on, as a person or a program can send it. */
export interface NextStep {
  verb: Verb | "confirm" | "call-back" | "continue-without" | "resolve" | "validate" | "approval" | "cancel";
  why: string;
  method: "POST";
  /** Where `{itemId}` stands in it, one call for each of `itemIds`. */
  path: string;
  /** The least that the body needs. */
  body: Record<string, unknown>;
  /** The machines that it is for; missing where it is for the whole execution. */
  itemIds?: string[];
}

/** The verbs that lead on from a state at rest, the usual one first. From `protected` there is nothing to be done. */
const LEAD_ON: Partial<Record<ItemState, readonly Verb[]>> = {
  "test-failed-over": ["test-clean-up", "promote-test"],
  "failover-failed": ["unplanned-failover", "failback", "planned-failover", "planned-failback", "cancel-failover"],
  "failed-over": ["commit", "change-recovery-point", "cancel-failover"],
  committed: ["reprotect"],
  unprotected: ["enable-replication"],
};

/** Machines that are stuck come first, then the usual way on. */
const ORDER: readonly Verb[] = [
  "unplanned-failover",
  "failback",
  "planned-failover",
  "planned-failback",
  "test-clean-up",
  "promote-test",
  "commit",
  "change-recovery-point",
  "cancel-failover",
  "reprotect",
  "enable-replication",
];

const WHY: Partial<Record<Verb, string>> = {
  "test-clean-up": "removes the copies of the test, so that the machines are protected again",
  "promote-test": "makes the test the real failover",
  "unplanned-failover": "tries to bring the machines up at the recovery site again",
  "planned-failover": "tries to bring the machines up at the recovery site again, without loss or not at all",
  failback: "tries to bring the machines up at the primary site again",
  "planned-failback": "tries to bring the machines up at the primary site again, without loss or not at all",
  "cancel-failover": "goes back to where the machines ran before the failover",
  commit: "accepts the failover; the other recovery points are deleted",
  "change-recovery-point": "starts the machines from another recovery point, such as the newest app-consistent one",
  reprotect: "protects the machines in the reverse direction",
  "enable-replication": "protects the machines again",
};

/**
 * The verbs that the table of transitions allows now and that lead on, each with its items.
 * @param again what was done, and the items for which it is still to be done
 */
export function verbsThatLeadOn(
  items: readonly ItemRecord[],
  again: { verb: Verb; itemIds: ReadonlySet<string> },
): { verb: Verb; why: string; itemIds: string[] }[] {
  const byVerb = new Map<Verb, string[]>();
  for (const { itemId, scenario, state, direction, heldBy } of items) {
    if (heldBy !== null) continue;
    const verbs = new Set([...(LEAD_ON[state] ?? []), ...(again.itemIds.has(itemId) ? [again.verb] : [])]);
    for (const verb of verbs) {
      if (transition(scenario, state, verb, direction).allowed) byVerb.set(verb, [...(byVerb.get(verb) ?? []), itemId]);
    }
  }
  const inOrder = again.itemIds.size === 0 ? ORDER : [again.verb, ...ORDER];
  const sorted = [...byVerb].sort(([a], [b]) => inOrder.indexOf(a) - inOrder.indexOf(b));
  return sorted.map(([verb, itemIds]) => ({ verb, why: WHY[verb] ?? "tries again", itemIds }));
}

/** The verbs that can be cancelled while they run. */
const CANCELLABLE: ReadonlySet<Verb> = new Set(
  Verb.options.filter((verb) =>
    ItemState.options.some((state) =>
      Direction.options.some((direction) =>
        Scenario.options.some((scenario) => {
          const cell = transition(scenario, state, verb, direction);
          return cell.allowed && cancellation(cell.during).allowed;
        }),
      ),
    ),
  ),
);

export const isCancellable = (verb: Verb): boolean => CANCELLABLE.has(verb);
