import type { ItemCondition } from "./item-record.js";
import type { ItemSnapshot } from "./snapshot.js";
import type { ExecutionStatus, ItemState } from "./vocabulary.js";

const WHAT_TO_DO = {
  stranded: "no recovery points are made any more: cancel to restore protection, or fail over again and commit",
  unknown:
    "its machine could not be read when its execution ended, so perhaps no recovery points are made any more: cancel to restore protection, or fail over again and commit",
} as const;

/** Whether an item replicates; unknown when its machine can't be read. */
export type Replication = "replicating" | keyof typeof WHAT_TO_DO;

/**
 * Whether an execution left an item where protection ought to be and perhaps is not: its failover failed, or was
 * cancelled after the item had failed over (P7). One that awaits its commit does not replicate either, as it should.
 */
export const mayBeStranded = (status: ExecutionStatus, state: ItemState): boolean =>
  state === "failover-failed" || (status === "cancelled" && state === "failed-over");

/** Nothing new reaches the replica: replication was stopped, or the source that it came from is off. */
export const isReplicating = ({ replication, source }: Pick<ItemSnapshot, "replication" | "source">): boolean =>
  replication.state === "replicating" && source.power === "on";

/**
 * An item's conditions with `not-replicating` as it is now: nobody is told that an item is safe because it could not be
 * looked at. One that stands already keeps the moment it began.
 */
export function withReplication(
  conditions: readonly ItemCondition[],
  { replication, at }: { replication: Replication; at: string },
): ItemCondition[] {
  const others = conditions.filter(({ type }) => type !== "not-replicating");
  if (replication === "replicating") return others;
  const standing = conditions.find(({ type }) => type === "not-replicating");
  return [...others, { type: "not-replicating", since: standing?.since ?? at, whatToDo: WHAT_TO_DO[replication] }];
}
