import { itemOperation } from "./activity.js";
import { awaitAgent as contract } from "./contracts/machines.js";

/** Looks whether the agent of the running copy has registered; waits for it when asked to (F7). */
export const awaitAgent = itemOperation(
  contract,
  "await-agent",
  "forward",
  ({ wait }) => ({ wait }),
  () => ({}),
);
