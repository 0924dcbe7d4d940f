import type { ItemCondition } from "./item-record.js";
import type { ItemSnapshot } from "./snapshot.js";
import type { ExecutionStatus, ItemState } from "./vocabulary.js";

const WHAT_TO_DO = "no recovery points are made any more: cancel to restore protection, or fail over again and commit";

/**
 * Whether an execution left an item where protection ought to be and perhaps is not: its failover failed, or was
 * cancelled after the item had failed over (P7). One that awaits its commit does not replicate either, as it should.
 */
export const mayBeStranded = (status: ExecutionStatus, state: ItemState): boolean =>
  state === "failover-failed" || (status === "cancelled" && state === "failed-over");

/** Nothing new reaches the replica: replication was stopped, or the source that it came from is off. */
export const isReplicating = ({ replication, source }: Pick<ItemSnapshot, "replication" | "source">): boolean =>
  replication.state === "replicating" && source.power === "on";

/** An item's conditions with `not-replicating` as it is now; one that stands already keeps the moment it began. */
export function withReplication(
  conditions: readonly ItemCondition[],
  { replicating, at }: { replicating: boolean; at: string },
): ItemCondition[] {
  const others = conditions.filter(({ type }) => type !== "not-replicating");
  if (replicating) return others;
  const standing = conditions.find(({ type }) => type === "not-replicating");
  return [...others, standing ?? { type: "not-replicating", since: at, whatToDo: WHAT_TO_DO }];
}
