/**
 * What helps when a verb is refused.
 *
 * - V1 `do-first` names a chain of verbs: the first is allowed now, each next one after the one before succeeded, and
 *   after the last the verb is allowed. (test/unit/domain/advice.test.ts)
 * - V2 `use-instead` names a verb that is allowed now. (test/unit/domain/advice.test.ts)
 * - V3 There is advice from every state for every verb that has something to do. (test/unit/domain/advice.test.ts)
 */
import type { Verb } from "../vocabulary.js";
import { cancellation, type NotAllowed, type Place, placeAfter, RESTING_STATES, transition } from "./lifecycle.js";

export type Advice =
  /** `withGroup`: on a plan that contains the whole replication group. */
  | { kind: "do-first"; verbs: Verb[]; withGroup?: boolean }
  | { kind: "use-instead"; verb: Verb; withGroup?: boolean }
  /** Something is under way. `cancel`: its execution can be cancelled. */
  | { kind: "wait"; cancel: boolean }
  /** The item moves only with its replication group. */
  | { kind: "use-plan" }
  /** The group must stand together first: each of these members catches up, or the item goes back to them. */
  | { kind: "reunite-group"; itemIds: string[] };

/**
 * The verbs that a chain may have, the preferred first. A chain loses no data and ends no protection, so it has no
 * unplanned move as long as a planned one leads there.
 */
const STEPS: readonly Verb[] = [
  "test-clean-up",
  "cancel-failover",
  "commit",
  "reprotect",
  "enable-replication",
  "planned-failover",
  "planned-failback",
  "test-failover",
];

/** The shortest chain of verbs that ends the protection of an item; null if it has to come to rest first. */
export const wayToUnprotected = (from: Place): Verb[] | null =>
  chainTo(from, ({ state }) => state === "unprotected", [...STEPS, "disable-replication"]);

/** The shortest chain of verbs to a place; null when there is none. */
function chainTo(from: Place, isThere: (place: Place) => boolean, steps = STEPS): Verb[] | null {
  const seen = new Set([keyOf(from)]);
  const open: { place: Place; chain: Verb[] }[] = [{ place: from, chain: [] }];
  for (const { place, chain } of open) {
    if (isThere(place)) return chain;
    for (const step of steps) {
      if (step === "cancel-failover" && place.state === "failed-over") continue; // it drops what was written since
      const next = placeAfter(place, step, true);
      if (next === null || seen.has(keyOf(next))) continue;
      seen.add(keyOf(next));
      open.push({ place: next, chain: [...chain, step] });
    }
  }
  return null;
}

const keyOf = ({ state, direction }: Place): string => `${state} ${direction}`;

/** What helps with a verb that the table refuses; null when there is nothing to do. */
export function adviceOn(place: Place, verb: Verb, { nothingToDo, useInstead }: NotAllowed): Advice | null {
  if (!RESTING_STATES.has(place.state)) return { kind: "wait", cancel: cancellation(place.state).allowed };
  if (useInstead !== null && transition(place.scenario, place.state, useInstead, place.direction).allowed) {
    return { kind: "use-instead", verb: useInstead };
  }
  if (nothingToDo !== null) return null;
  const verbs = chainTo(
    place,
    ({ scenario, state, direction }) => transition(scenario, state, verb, direction).allowed,
  );
  return verbs === null ? null : { kind: "do-first", verbs };
}

const onGroup = ({ withGroup = false }: { withGroup?: boolean }): string =>
  withGroup ? ", on a plan that contains the whole replication group" : "";

/** Advice for people. */
export function adviceText(advice: Advice): string {
  switch (advice.kind) {
    case "do-first":
      return `do first${onGroup(advice)}: ${advice.verbs.join(", then ")}`;
    case "use-instead":
      return `use instead${onGroup(advice)}: ${advice.verb}`;
    case "wait":
      return advice.cancel ? "wait until it ends, or cancel the execution" : "wait until it ends";
    case "use-plan":
      return "use a plan that contains the whole group";
    case "reunite-group":
      return `fail ${advice.itemIds.join(", ")} over as well, or cancel-failover of this item`;
  }
}
