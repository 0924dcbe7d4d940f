import { itemOperation } from "./activity.js";
import { startReplica as contract } from "./contracts/machines.js";

/** Boots the promoted replica. */
export const startReplica = itemOperation(
  contract,
  "start-replica",
  "forward",
  ({ epoch }) => ({ epoch }),
  ({ startedAt, copy }) => ({ startedAt, siteId: copy.siteId }),
);
