import { itemOperation } from "./activity.js";
import { finalSynchronise as contract } from "./contracts/machines.js";

/** Sends everything that a shut-down source still has. */
export const finalSynchronise = itemOperation(
  contract,
  "final-synchronise",
  "forward",
  () => ({}),
  ({ point }) => ({ point }),
);
