import { itemOperation } from "./activity.js";
import { demoteReplica as contract } from "./contracts/machines.js";

/** Turns a promoted replica off and into a replica again. */
export const demoteReplica = itemOperation(
  contract,
  "demote-replica",
  "back",
  ({ epoch }) => ({ epoch }),
  () => ({}),
);
