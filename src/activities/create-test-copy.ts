import { itemOperation } from "./activity.js";
import { createTestCopy as contract } from "./contracts/machines.js";

/** Makes a copy of the machine on an isolated network. */
export const createTestCopy = itemOperation(
  contract,
  "create-test-copy",
  "forward",
  ({ pointId, networkId }) => ({ pointId, networkId }),
  ({ point }) => ({ point }),
);
