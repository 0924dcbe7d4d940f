import { cleanUpItem, revertTestItem } from "./clean-up-item.js";
import { commitItem } from "./commit-item.js";
import type { ItemStoryName } from "./contracts.js";
import type { ItemTeller } from "./item-story.js";
import { promoteTestItem } from "./promote-test-item.js";
import { recoverItem } from "./recover-item.js";
import { releaseSource } from "./release-source.js";
import { disableItem, enableItem, resynchroniseItem } from "./replication-items.js";
import { repointItem } from "./repoint-item.js";
import { reprotectItem } from "./reprotect-item.js";
import { restoreItem } from "./restore-item.js";
import { testItem } from "./test-item.js";

/** The story of each thing that is done to one item. */
export const ITEM_STORIES: Readonly<Record<ItemStoryName, ItemTeller>> = {
  "release-source": releaseSource,
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
