import { itemOperation } from "./activity.js";
import { deleteRecoveryPoints as contract } from "./contracts/machines.js";

/** Deletes every recovery point of an item whose failover is accepted. */
export const deleteRecoveryPoints = itemOperation(
  contract,
  "delete-recovery-points",
  "forward",
  () => ({}),
  ({ deleted }) => ({ deleted }),
);
