import { itemOperation } from "./activity.js";
import { promoteReplica as contract } from "./contracts/machines.js";

/** Makes the replica the workload's copy, from the recovery point given and under a new epoch. */
export const promoteReplica = itemOperation(
  contract,
  "promote-replica",
  "forward",
  ({ pointId, epoch, planned }) => ({ pointId, epoch, planned }),
  ({ point, dataLoss }) => ({ point, dataLoss }),
);
