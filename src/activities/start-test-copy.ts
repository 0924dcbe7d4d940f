import { itemOperation } from "./activity.js";
import { startTestCopy as contract } from "./contracts/machines.js";

/** Boots the test copy. */
export const startTestCopy = itemOperation(
  contract,
  "start-test-copy",
  "forward",
  () => ({}),
  ({ startedAt, copy }) => ({ startedAt, siteId: copy.siteId }),
);
