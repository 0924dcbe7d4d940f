import { itemOperation } from "./activity.js";
import { restoreReplication as contract } from "./contracts/machines.js";

/** Lets replication go on as it was before the failover. */
export const restoreReplication = itemOperation(
  contract,
  "restore-replication",
  "back",
  () => ({}),
  () => ({}),
);
