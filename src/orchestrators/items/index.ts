import type { ItemWorkflowName } from "../runtime/contracts.js";
import type { ItemWorkflow } from "../runtime/item-workflow.js";
import { commitItem } from "./commit-item.js";
import { processPendingItem } from "./process-pending-item.js";
import { recoverItem, repointItem } from "./recover-item.js";
import { releaseSource } from "./release-source.js";
import { disableItem, enableItem, resynchroniseItem } from "./replication-items.js";
import { reprotectItem } from "./reprotect-item.js";
import { restoreItem } from "./restore-item.js";
import { cleanUpItem, promoteTestItem, revertTestItem, testItem } from "./test-item.js";

/** The item workflows by name. */
export const ITEM_WORKFLOWS: Readonly<Record<ItemWorkflowName, ItemWorkflow>> = {
  "release-source": releaseSource,
  "process-pending-item": processPendingItem,
  "recover-item": recoverItem,
  "test-item": testItem,
  "clean-up-item": cleanUpItem,
  "revert-test-item": revertTestItem,
  "repoint-item": repointItem,
  "commit-item": commitItem,
  "restore-item": restoreItem,
  "reprotect-item": reprotectItem,
  "promote-test-item": promoteTestItem,
  "disable-item": disableItem,
  "enable-item": enableItem,
  "resynchronise-item": resynchroniseItem,
};
