import { itemOperation } from "./activity.js";
import { restartSource as contract } from "./contracts/machines.js";

/** Starts the source again. */
export const restartSource = itemOperation(
  contract,
  "restart-source",
  "back",
  () => ({}),
  ({ startedAt, copy }) => ({ startedAt, siteId: copy.siteId }),
);
