/**
 * What an edit of a running execution may change.
 *
 * - E1 What has begun stays as it is: groups in their order, their items, actions and policies, and the shutdown.
 *   (test/unit/domain/edit-rules.test.ts)
 * - E2 No item is added: what the execution does not hold it cannot move. (same file)
 * - E3 An approval that the plan asks for stays as it is, and so do the machines behind it. (same file)
 * - E4 Every difference that is in the way is named, not only the first. (same file)
 */
import type { Plan, PlanGroup } from "../plans/plan.js";
import { groupsInOrder, planItemIds } from "../plans/plan-rules.js";
import { listed } from "../wording.js";

/** What of the plan the execution has begun. */
export interface Begun {
  groupIds: ReadonlySet<string>;
  shutdown: boolean;
  /** The items that the execution holds. */
  itemIds: ReadonlySet<string>;
  /** Items that a request, or a decision at the start, left out: they may stay in the plan. */
  leftOut: ReadonlySet<string>;
}

/** The differences of a new version that the execution cannot take, each in words; empty when it can take the version. */
export function differencesInTheWay(now: Plan, edited: Plan, begun: Begun): string[] {
  return [
    ...(now.worldId === edited.worldId ? [] : ["the plan is for another world"]),
    ...(begun.shutdown && !isSame(now.shutdown, edited.shutdown) ? ["the shutdown has begun and differs"] : []),
    ...groupDifferences(now, edited, begun),
    ...addedItems(now, edited, begun),
    ...missingApprovals(now, edited),
    ...leftGuards(now, edited),
  ];
}

function groupDifferences(now: Plan, edited: Plan, { groupIds }: Begun): string[] {
  const before = groupsInOrder(now).filter(({ id }) => groupIds.has(id));
  const after = groupsInOrder(edited);
  const found = before.flatMap((group) => {
    const other = after.find(({ id }) => id === group.id);
    if (other === undefined) return [`group ${group.id} has begun and is missing`];
    const parts = PARTS.filter((part) => !isSame(group[part], other[part]));
    return parts.length === 0 ? [] : [`group ${group.id} has begun and differs in ${listed(parts)}`];
  });
  const first = after.slice(0, before.length).map(({ id }) => id);
  const isMoved =
    found.length === 0 &&
    !isSame(
      first,
      before.map(({ id }) => id),
    );
  return isMoved
    ? [`the groups that have begun come first, in the order ${listed(before.map(({ id }) => id))}`]
    : found;
}

/** Whoever edits an execution cannot get round an approval. */
function missingApprovals(now: Plan, edited: Plan): string[] {
  const kept = (edited.approvals ?? []).map((one) => JSON.stringify(one));
  const missing = (now.approvals ?? []).filter((one) => !kept.includes(JSON.stringify(one))).map(({ id }) => id);
  return missing.length === 0
    ? []
    : [`the approvals ${listed(missing)} are missing or differ: an edit only adds approvals`];
}

/** Nor can they move a machine out of a group that waits for an approval. */
function leftGuards(now: Plan, edited: Plan): string[] {
  const later = placesOf(edited);
  return (now.approvals ?? []).flatMap(({ id, before }) => {
    if (before.kind !== "group") return [];
    const items = now.groups.find((group) => group.id === before.groupId)?.items ?? [];
    const moved = items
      .map((item) => item.id)
      .filter((itemId) => (later.get(itemId) ?? before.groupId) !== before.groupId);
    return moved.length === 0
      ? []
      : [`${listed(moved)} would leave group ${before.groupId}, which approval ${id} guards`];
  });
}

/** The parts of a group that matter once it has begun. Its name does not. */
const PARTS = [
  "items",
  "before",
  "after",
  "minimumHealthy",
  "onFailure",
] as const satisfies readonly (keyof PlanGroup)[];

function addedItems(now: Plan, edited: Plan, { itemIds, leftOut, groupIds }: Begun): string[] {
  const known = new Set([...itemIds, ...leftOut]);
  const added = planItemIds(edited).filter((id) => !known.has(id));
  const placeOf = placesOf(now);
  const later = placesOf(edited);
  const moved = [...itemIds].filter((id) => {
    const [from, to] = [placeOf.get(id), later.get(id)];
    return from !== undefined && to !== undefined && from !== to && (groupIds.has(from) || groupIds.has(to));
  });
  return [
    ...(added.length === 0
      ? []
      : [`the execution does not hold ${listed(added)}: start another one for what is added`]),
    ...(moved.length === 0 ? [] : [`${listed(moved)} would leave or enter a group that has begun`]),
  ];
}

const placesOf = (plan: Plan): ReadonlyMap<string, string> =>
  new Map(plan.groups.flatMap(({ id, items }) => items.map((item) => [item.id, id] as const)));

/** Both come from one schema, which puts their fields into one order. */
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
