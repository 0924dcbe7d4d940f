import type { ItemState } from "../vocabulary.js";
import type { ItemRecord } from "./item-record.js";
import type { ItemSnapshot } from "./snapshot.js";

/** The fields of a record that follow from the estate alone. */
export type InferredState = Pick<
  ItemRecord,
  "state" | "direction" | "activeSiteId" | "epoch" | "recoveryPoint" | "dataLoss"
>;

/** The resting state of an item, inferred from its machine and copies; undefined if they match no resting state. */
export function inferItemState(snapshot: ItemSnapshot): InferredState | undefined {
  const { source, replica, promotedFrom, replication, direction, epoch, dataLoss, testCopies } = snapshot;
  const hasPoints = replication.newestPoint !== null;
  const replicates = replication.state === "replicating";
  const away = (state: ItemState): InferredState => {
    return { state, direction, epoch, activeSiteId: replica.siteId, recoveryPoint: promotedFrom, dataLoss };
  };
  const home = (state: ItemState): InferredState => {
    return { state, direction, epoch, activeSiteId: source.siteId, recoveryPoint: null, dataLoss: null };
  };
  if (promotedFrom !== null) {
    const runsAway = replica.power === "on" && !source.writable;
    return runsAway ? away(hasPoints ? "failed-over" : "committed") : undefined;
  }
  if (source.power === "off" || replica.power === "on") return undefined;
  if (replicates) return home(testCopies.length === 0 ? "protected" : "test-failed-over");
  return hasPoints ? undefined : home("unprotected");
}
