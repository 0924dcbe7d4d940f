import type { ItemOutcome } from "../execution.js";
import type { ExecutionStatus, ItemState } from "../vocabulary.js";
import type { ItemCondition, ItemRecord } from "./item-record.js";
import type { ItemSnapshot } from "./snapshot.js";

const FOUND = {
  stranded: "no recovery points are made any more",
  unknown: "its machine could not be read when its execution ended, so perhaps no recovery points are made any more",
} as const;

/** Whether an item replicates; unknown when its machine can't be read. */
export type Replication = "replicating" | keyof typeof FOUND;

const wayOut = (state: ItemState): string =>
  state === "protected"
    ? "disable replication, then enable it again"
    : "cancel the failover to restore protection, or fail over again and commit";

/**
 * Whether an execution left an item where protection ought to be and perhaps is not: its failover failed, or was
 * cancelled after the item had failed over (P7), or a step of it failed and it counts as protected all the same. One
 * that awaits its commit does not replicate either, as it should.
 */
export const mayBeStranded = (
  status: ExecutionStatus,
  { state, outcome }: { state: ItemState; outcome: ItemOutcome["outcome"] | undefined },
): boolean =>
  state === "failover-failed" ||
  (status === "cancelled" && state === "failed-over") ||
  (outcome === "failed" && state === "protected");

/** Nothing new reaches the replica: replication was stopped, or the source that it came from is off. */
export const isReplicating = ({ replication, source }: Pick<ItemSnapshot, "replication" | "source">): boolean =>
  replication.state === "replicating" && source.power === "on";

/**
 * An item's conditions with `not-replicating` as it is now: nobody is told that an item is safe because it could not be
 * looked at.
 */
export function withReplication(
  conditions: readonly ItemCondition[],
  { replication, state, at }: { replication: Replication; state: ItemState; at: string },
): ItemCondition[] {
  const whatToDo = replication === "replicating" ? null : `${FOUND[replication]}: ${wayOut(state)}`;
  return withCondition(conditions, { type: "not-replicating", whatToDo, at });
}

const HOW_FAR =
  "nobody knows how far its last execution brought it, so it may be further than its state says: it is set right as soon as its machine can be read and is at rest; look at the machine if that lasts";

/**
 * An item's conditions with `outcome-unknown` as it is now: its machine could not be read when a step of it ended, or
 * the orchestration that knew was lost.
 */
export const withOutcome = (
  conditions: readonly ItemCondition[],
  { isKnown, at }: { isKnown: boolean; at: string },
): ItemCondition[] => withCondition(conditions, { type: "outcome-unknown", whatToDo: isKnown ? null : HOW_FAR, at });

export const isOutcomeUnknown = ({ conditions }: Pick<ItemRecord, "conditions">): boolean =>
  conditions.some(({ type }) => type === "outcome-unknown");

/** A condition comes with what to do, and goes with null. One that stands already keeps the moment it began. */
function withCondition(
  conditions: readonly ItemCondition[],
  { type, whatToDo, at }: { type: ItemCondition["type"]; whatToDo: string | null; at: string },
): ItemCondition[] {
  const others = conditions.filter((condition) => condition.type !== type);
  if (whatToDo === null) return others;
  const standing = conditions.find((condition) => condition.type === type);
  return [...others, { type, since: standing?.since ?? at, whatToDo }];
}
