/**
 * Whether a verb may start on an item: the table, then the execution that holds the item, then its replication group.
 *
 * - R1 The members of a replication group that stand together move together: a verb that would split them is refused
 *   for one of them. (test/unit/domain/allowed-actions.test.ts)
 * - R2 Members that stand apart may each move alone, so that they can be brought together again.
 *   (test/unit/domain/way-on.test.ts)
 * - R3 A commit is final, so nothing is committed while another member of the group has not failed over.
 *   (test/unit/domain/allowed-actions.test.ts)
 */
import type { Direction, ItemState, Scenario, Verb } from "../vocabulary.js";
import { Verb as Verbs } from "../vocabulary.js";
import { type Advice, adviceOn, adviceText } from "./advice.js";
import type { ItemCondition } from "./item-record.js";
import { type NotAllowed, type Transition, transitionOf } from "./lifecycle.js";

/** What decides which verbs an item allows. */
export interface LifecycleItem {
  itemId: string;
  scenario: Scenario;
  state: ItemState;
  direction: Direction;
  replicationGroupId: string | null;
  heldBy: { executionId: string; verb: Verb } | null;
  conditions?: readonly ItemCondition[] | undefined;
}

/** A verb that may not start, and what helps. */
export interface Refused extends Pick<NotAllowed, "allowed" | "because" | "nothingToDo"> {
  code: "verb-not-allowed" | "item-held" | "replication-group";
  advice: Advice | null;
}

/** Verbs that take an item to another place, so that one member of a group would leave the others. */
const GROUP_VERBS: ReadonlySet<Verb> = new Set([
  "planned-failover",
  "unplanned-failover",
  "failback",
  "planned-failback",
  "full-run",
  "promote-test",
  "commit",
  "cancel-failover",
  "reprotect",
]);

export const movesGroup = (verb: Verb): boolean => GROUP_VERBS.has(verb);

const refuse = (code: Refused["code"], because: string, advice: Advice | null): Refused => ({
  ...{ allowed: false, code, because, advice },
  nothingToDo: null,
});

/** Whether a verb may start on an item as part of a plan that has its whole replication group. */
export function mayStart(item: LifecycleItem, verb: Verb): Transition | Refused {
  if (item.heldBy !== null) {
    const { executionId, verb: holding } = item.heldBy;
    const because = `execution ${executionId} (${holding}) holds the item`;
    return refuse("item-held", because, { kind: "wait", cancel: true });
  }
  const cell = transitionOf(item, item.state, verb);
  if (cell.allowed) return cell;
  const { because, nothingToDo } = cell;
  return { allowed: false, code: "verb-not-allowed", because, nothingToDo, advice: adviceOn(item, verb, cell) };
}

/** Whether a verb may start on an item alone. `group` are all members of its replication group. */
export function mayStartAlone(item: LifecycleItem, verb: Verb, group: readonly LifecycleItem[]): Transition | Refused {
  const cell = mayStart(item, verb);
  const others = group.filter(({ itemId, state }) => itemId !== item.itemId && state !== "unprotected");
  if (item.replicationGroupId === null || others.length === 0) return cell;
  const together = others.every(({ state, direction }) => state === item.state && direction === item.direction);
  if (!cell.allowed) return { ...cell, advice: together ? forGroup(cell.advice) : forApart(cell.advice, item, group) };
  if (!movesGroup(verb)) return cell;
  if (together) {
    const because = `the item belongs to replication group ${item.replicationGroupId}, whose items move together`;
    return refuse("replication-group", because, { kind: "use-plan" });
  }
  return commitSplits(item, verb, group) ?? cell;
}

/** Advice whose first verb moves the whole group. */
function forGroup(advice: Advice | null): Advice | null {
  if (advice?.kind === "do-first") return { ...advice, withGroup: advice.verbs.slice(0, 1).some(movesGroup) };
  return advice?.kind === "use-instead" ? { ...advice, withGroup: movesGroup(advice.verb) } : advice;
}

/** Advice for one of several members that stand apart: it may move alone, but not commit before the others. */
function forApart(advice: Advice | null, item: LifecycleItem, group: readonly LifecycleItem[]): Advice | null {
  const [first] = advice?.kind === "do-first" ? advice.verbs : [];
  return (first === undefined ? null : commitSplits(item, first, group)?.advice) ?? advice;
}

/** Refuses a commit while other members of the group have not failed over with it; null when all have. */
export function commitSplits(
  { itemId: own, replicationGroupId, direction }: LifecycleItem,
  verb: Verb,
  group: readonly LifecycleItem[],
): Refused | null {
  if (verb !== "commit" || replicationGroupId === null) return null;
  const behind = group.filter(
    (other) =>
      other.itemId !== own &&
      other.state !== "unprotected" &&
      (other.direction !== direction || (other.state !== "failed-over" && other.state !== "committed")),
  );
  if (behind.length === 0) return null;
  const where = behind.map(({ itemId, state }) => `${itemId} is ${state}`).join(", ");
  const because = `a commit is final, and the rest of replication group ${replicationGroupId} has not failed over: ${where}`;
  return refuse("replication-group", because, {
    kind: "reunite-group",
    itemIds: behind.map(({ itemId }) => itemId),
  });
}

export interface AllowedAction {
  verb: Verb;
  allowed: boolean;
  /** Why it is refused; null when it is allowed. */
  because: string | null;
  /** What would help, for people; null when it is allowed or nothing helps. */
  remedy: string | null;
  /** The verbs to run first, in order. The first is allowed now. */
  doFirst: Verb[];
  /** The verb that does here what the caller wants. */
  useInstead: Verb | null;
}

/** For every verb, whether it may start on this item alone, and if not, why and what helps. */
export function allowedActions(item: LifecycleItem, group: readonly LifecycleItem[]): AllowedAction[] {
  return Verbs.options.map((verb) => {
    const cell = mayStartAlone(item, verb, group);
    if (cell.allowed) return { verb, allowed: true, because: null, remedy: null, doFirst: [], useInstead: null };
    const { because, advice } = cell;
    return {
      ...{ verb, allowed: false, because },
      remedy: advice === null ? null : adviceText(advice),
      doFirst: advice?.kind === "do-first" ? advice.verbs : [],
      useInstead: advice?.kind === "use-instead" ? advice.verb : null,
    };
  });
}
