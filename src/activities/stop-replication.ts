import { itemOperation } from "./activity.js";
import { stopReplication as contract } from "./contracts/machines.js";

/** Stops making and pruning recovery points, so that the chosen one stays. */
export const stopReplication = itemOperation(
  contract,
  "stop-replication",
  "forward",
  () => ({}),
  () => ({}),
);
