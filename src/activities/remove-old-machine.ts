import { itemOperation } from "./activity.js";
import { removeOldMachine as contract } from "./contracts/machines.js";

/** Removes the machine that a failback left at the recovery site, where the scenario does so at commit (P13). */
export const removeOldMachine = itemOperation(
  contract,
  "remove-old-machine",
  "forward",
  () => ({}),
  ({ removed }) => ({ removed }),
);
