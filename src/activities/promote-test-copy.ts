import { itemOperation } from "./activity.js";
import { promoteTestCopy as contract } from "./contracts/machines.js";

/** Makes the test copy of an item the workload's copy, under a new epoch. */
export const promoteTestCopy = itemOperation(
  contract,
  "promote-test-copy",
  "forward",
  ({ epoch }) => ({ epoch }),
  ({ startedAt, copy, point, dataLoss }) => ({ startedAt, siteId: copy.siteId, point, dataLoss }),
);
