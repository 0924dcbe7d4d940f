import type { ItemState } from "../vocabulary.js";
import type { ItemRecord } from "./item-record.js";
import type { ItemSnapshot } from "./snapshot.js";

/** What of a record follows from the estate alone. */
export type WhereFound = Pick<
  ItemRecord,
  "state" | "direction" | "activeSiteId" | "epoch" | "recoveryPoint" | "dataLoss"
>;

/** Where an item rests by what its machine and its copies are; undefined when they are in no state of rest. */
export function whereFound(snapshot: ItemSnapshot): WhereFound | undefined {
  const { source, replica, promotedFrom, replication, direction, epoch, dataLoss, testCopies } = snapshot;
  const hasPoints = replication.newestPoint !== null;
  const replicates = replication.state === "replicating";
  const away = (state: ItemState): WhereFound => {
    return { state, direction, epoch, activeSiteId: replica.siteId, recoveryPoint: promotedFrom, dataLoss };
  };
  const home = (state: ItemState): WhereFound => {
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
