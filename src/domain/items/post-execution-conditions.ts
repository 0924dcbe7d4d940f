import type { ItemOutcome } from "../execution.js";
import type { ExecutionStatus, ItemState } from "../vocabulary.js";
import type { ItemCondition, ItemRecord } from "./item-record.js";
import type { ItemSnapshot } from "./snapshot.js";

const FOUND = {
  stranded: "it does not replicate, so it gets no new recovery points",
  unknown: "its machine could not be read when its execution ended, so it may not replicate",
} as const;

/** Whether an item replicates; unknown if its machine is unreadable. */
export type Replication = "replicating" | keyof typeof FOUND;

const remedyIn = (state: ItemState): string =>
  state === "protected"
    ? "disable replication, then enable it again"
    : "cancel the failover to restore protection, or fail over again and commit";

/**
 * Whether an execution may have left an item without the replication that it should have: its failover failed, it was
 * cancelled after the item had failed over (P7), or a step failed and the item counts as protected nevertheless. An item
 * that awaits its commit does not replicate either, but it should not.
 */
export const mayBeStranded = (
  status: ExecutionStatus,
  { state, outcome }: { state: ItemState; outcome: ItemOutcome["outcome"] | undefined },
): boolean =>
  state === "failover-failed" ||
  (status === "cancelled" && state === "failed-over") ||
  (outcome === "failed" && state === "protected");

/** False if nothing new reaches the replica: replication was stopped, or its source is off. */
export const isReplicating = ({ replication, source }: Pick<ItemSnapshot, "replication" | "source">): boolean =>
  replication.state === "replicating" && source.power === "on";

/** Updates the condition `not-replicating`. An item that could not be read gets it too: it must not look safe. */
export function withReplication(
  conditions: readonly ItemCondition[],
  { replication, state, at }: { replication: Replication; state: ItemState; at: string },
): ItemCondition[] {
  const whatToDo = replication === "replicating" ? null : `${FOUND[replication]}: ${remedyIn(state)}`;
  return withCondition(conditions, { type: "not-replicating", whatToDo, at });
}

const OUTCOME_UNKNOWN =
  "the result of its last execution is unknown, so its state may be out of date; it is corrected as soon as its machine can be read and is at rest; check the machine if this takes long";

/**
 * Updates the condition `outcome-unknown`: the machine could not be read when a step ended, or the orchestration was
 * lost.
 */
export const withOutcome = (
  conditions: readonly ItemCondition[],
  { isKnown, at }: { isKnown: boolean; at: string },
): ItemCondition[] =>
  withCondition(conditions, { type: "outcome-unknown", whatToDo: isKnown ? null : OUTCOME_UNKNOWN, at });

export const isOutcomeUnknown = ({ conditions }: Pick<ItemRecord, "conditions">): boolean =>
  conditions.some(({ type }) => type === "outcome-unknown");

/**
 * Updates the condition `leftovers`. A forced clean-up, an unplanned failover and an execution that lost its
 * orchestration set it for what they left; a clean-up that finds nothing left removes it. Other executions leave it as
 * it is.
 * @param left what is still there of tests of the item, when the execution looked
 * @param givenUp why the execution went on without removing it; undefined when it did not go on
 */
export function withLeftovers(
  conditions: readonly ItemCondition[],
  { left, givenUp, at }: { left: readonly string[] | undefined; givenUp: string | undefined; at: string },
): ItemCondition[] {
  if (left === undefined || (left.length > 0 && givenUp === undefined)) return [...conditions];
  const whatToDo =
    left.length === 0
      ? null
      : `${left.join(", ")} could not be removed, and ${givenUp}. Remove the cause, then run test-clean-up again.`;
  return withCondition(conditions, { type: "leftovers", whatToDo: whatToDo?.slice(0, 2_000) ?? null, at });
}

/** Sets a condition, or removes it if `whatToDo` is null. A condition that exists keeps its `since`. */
function withCondition(
  conditions: readonly ItemCondition[],
  { type, whatToDo, at }: { type: ItemCondition["type"]; whatToDo: string | null; at: string },
): ItemCondition[] {
  const others = conditions.filter((condition) => condition.type !== type);
  if (whatToDo === null) return others;
  const existing = conditions.find((condition) => condition.type === type);
  return [...others, { type, since: existing?.since ?? at, whatToDo }];
}
