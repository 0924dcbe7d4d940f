import { type LifecycleItem, movesGroup } from "../items/allowed-actions.js";
import type { Verb } from "../vocabulary.js";

/** Members that count for a group. One that is not protected has left it. */
export const protectedMembers = (members: readonly LifecycleItem[], groupId: string): LifecycleItem[] =>
  members.filter(({ replicationGroupId, state }) => replicationGroupId === groupId && state !== "unprotected");

/** Whether all members stand in the same place. */
export const standTogether = (members: readonly LifecycleItem[]): boolean =>
  members.every(({ state, direction }) => state === members[0]?.state && direction === members[0]?.direction);

/**
 * The groups that stand together and that a choice of items would split: some members take part and others are left out.
 * Answers the members that are left out, by group. A group that is split already may be split further, because that is
 * how it is brought together again.
 */
export function groupsSplitBy(
  verb: Verb,
  members: readonly LifecycleItem[],
  takesPart: (itemId: string) => boolean,
): ReadonlyMap<string, string[]> {
  const split = new Map<string, string[]>();
  if (!movesGroup(verb)) return split;
  for (const groupId of new Set(members.flatMap(({ replicationGroupId }) => replicationGroupId ?? []))) {
    const group = protectedMembers(members, groupId);
    const left = group.filter(({ itemId }) => !takesPart(itemId)).map(({ itemId }) => itemId);
    if (left.length > 0 && left.length < group.length && standTogether(group)) split.set(groupId, left);
  }
  return split;
}
