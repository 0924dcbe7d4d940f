/**
 * The decision whether a verb may start, and for which items. The prerequisites answer and the start use it, so they
 * cannot disagree.
 *
 * - D1 A start is refused exactly when the answer says that it is not ready. (test/orchestrators/ready-is-start.test.ts)
 * - D2 It is made before anything is touched, and its findings are complete: every item with everything that prevents
 *   it. (test/unit/domain/decide-start.test.ts)
 * - D3 An item that cannot go is treated as a failed one: an optional item, or one whose failure policy says continue,
 *   is left out and named. Otherwise the start is refused, and the answer offers to leave it out. A verb that cannot be
 *   undone leaves out only optional items. (test/unit/domain/decide-start.test.ts)
 * - D4 An item with nothing to do is passed over. (test/unit/domain/way-on.test.ts)
 */
import { type ErrorCode, isErrorCode } from "../errors.js";
import { commitSplits, type LifecycleItem, mayStart, mayStartAlone } from "../items/allowed-actions.js";
import { failurePolicyOf } from "../plans/failure-policy.js";
import type { Plan, PlanItem } from "../plans/plan.js";
import type { Finding } from "../prerequisites/prerequisite.js";
import type { ItemState, Verb } from "../vocabulary.js";
import { groupsSplitBy } from "./replication-groups.js";
import { isChosen } from "./start-options.js";
import { gone, mixed, notAllowed, notReadable, splits } from "./state-findings.js";

/** What the request asks for. */
export interface StartAsked {
  verb: Verb;
  plan: Pick<Plan, "groups" | "failurePolicy">;
  /** One item alone, which runs as a plan of one group. */
  alone: boolean;
  options: { only?: string[] | undefined; without?: string[] | undefined };
}

/** What is to happen to one item. */
export type ItemDecision =
  | { itemId: string; decision: "take"; from: ItemState; during: ItemState }
  /** There is nothing to do for it. */
  | { itemId: string; decision: "already-done" | "not-applicable"; from: ItemState; because: string }
  /** The request leaves it out. */
  | { itemId: string; decision: "excluded"; because: string }
  /** It cannot go. `left-out`: the others go without it. `blocked`: it prevents the start. */
  | { itemId: string; decision: "left-out" | "blocked"; code: ErrorCode; because: string };

/** Items by what the table, the holds and the replication groups say; before anything is read of the estate. */
export interface Selection {
  asked: StartAsked;
  items: ItemDecision[];
  /** Why items cannot go. */
  findings: Finding[];
}

/** Verbs that nobody can undo. They take every critical item or none. */
const IRREVOCABLE: ReadonlySet<Verb> = new Set(["commit", "full-run", "disable-replication"]);

/** What is known of the items of a plan. */
export interface KnownRecords {
  /** Those that could be read. */
  records: ReadonlyMap<string, LifecycleItem>;
  /** Why others could not. Any other item without a record is gone. */
  unreadable: ReadonlyMap<string, string>;
  /** All members of their replication groups. */
  members: readonly LifecycleItem[];
}

/** The items that a verb may take, as far as their records decide. */
export function selectItems(asked: StartAsked, known: KnownRecords): Selection {
  const { verb, alone, options } = asked;
  const findings: Finding[] = [];
  const split = groupsSplitBy(verb, alone ? [] : known.members, (itemId) => isChosen(options, itemId));
  const items = itemsOf(asked).map(({ id: itemId }): ItemDecision => {
    if (!isChosen(options, itemId)) return { itemId, decision: "excluded", because: "the request leaves it out" };
    const record = known.records.get(itemId);
    if (record === undefined) return unfit(asked, itemId, [noRecord(itemId, known)], findings);
    const left = record.replicationGroupId === null ? undefined : split.get(record.replicationGroupId);
    return selectItem(asked, record, { members: known.members, left }, findings);
  });
  return { asked, findings, items: verb === "full-run" ? inOneDirection(items, known.records, findings) : items };
}

function noRecord(itemId: string, { unreadable }: KnownRecords): Finding {
  const damage = unreadable.get(itemId);
  return damage === undefined ? gone(itemId) : notReadable(itemId, damage);
}

/** @param left the members that the request leaves out of the item's replication group, if that splits the group */
function selectItem(
  asked: StartAsked,
  record: LifecycleItem,
  { members, left }: { members: readonly LifecycleItem[]; left: readonly string[] | undefined },
  findings: Finding[],
): ItemDecision {
  const { verb, alone } = asked;
  const { itemId, state: from, replicationGroupId } = record;
  const group = members.filter((member) => member.replicationGroupId === replicationGroupId);
  const cell = alone ? mayStartAlone(record, verb, group) : mayStart(record, verb);
  if (!cell.allowed) {
    const { nothingToDo, because } = cell;
    if (nothingToDo !== null && !alone) return { itemId, decision: nothingToDo, from, because };
    return unfit(asked, itemId, [notAllowed(itemId, verb, cell)], findings);
  }
  const behind = commitSplits(record, verb, group);
  if (behind !== null) return blocked(itemId, [notAllowed(itemId, verb, behind)], findings);
  if (left === undefined) return { itemId, decision: "take", from, during: cell.during };
  return blocked(itemId, [splits(itemId, replicationGroupId ?? "", left)], findings);
}

/** Blocks the items of a full run that would move in the other direction than the first one. */
function inOneDirection(
  items: readonly ItemDecision[],
  records: ReadonlyMap<string, LifecycleItem>,
  findings: Finding[],
): ItemDecision[] {
  const first = items.find(({ decision }) => decision === "take");
  const direction = records.get(first?.itemId ?? "")?.direction;
  return items.map((item) =>
    item.decision === "take" && records.get(item.itemId)?.direction !== direction
      ? blocked(item.itemId, [mixed(item.itemId)], findings)
      : item,
  );
}

export const itemsOf = ({ plan }: StartAsked): PlanItem[] => plan.groups.flatMap(({ items }) => items);

/** Whether the others go on without an item that cannot go. */
export function goesWithout(asked: StartAsked, itemId: string): boolean {
  const { verb, plan, alone } = asked;
  const item = itemsOf(asked).find(({ id }) => id === itemId);
  if (alone || item === undefined) return false;
  if (item.criticality === "optional") return true;
  if (IRREVOCABLE.has(verb)) return false;
  const group = plan.groups.find(({ items }) => items.includes(item));
  return (item.onFailure ?? group?.onFailure ?? failurePolicyOf(plan, verb).onItemFailure) === "continue";
}

/** Decides about an item that cannot go, and notes why. */
export function unfit(asked: StartAsked, itemId: string, found: readonly Finding[], findings: Finding[]): ItemDecision {
  if (!goesWithout(asked, itemId)) return blocked(itemId, found, findings);
  findings.push(...found);
  return { itemId, decision: "left-out", ...reasonOf(found) };
}

function blocked(itemId: string, found: readonly Finding[], findings: Finding[]): ItemDecision {
  findings.push(...found);
  return { itemId, decision: "blocked", ...reasonOf(found) };
}

function reasonOf(found: readonly Finding[]): { code: ErrorCode; because: string } {
  const code = found.map((finding) => finding.code).find(isErrorCode) ?? "prerequisites-failed";
  return { code, because: found.map(({ found: what, fix }) => `${what}. ${fix}`).join(" ") };
}
