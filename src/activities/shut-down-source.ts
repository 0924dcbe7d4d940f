import { itemOperation } from "./activity.js";
import { shutDownSource as contract } from "./contracts/machines.js";

/** Shuts one source down from inside its guest. */
export const shutDownSource = itemOperation(
  contract,
  "shut-down-source",
  "forward",
  () => ({}),
  ({ offSince }) => ({ offSince }),
);
