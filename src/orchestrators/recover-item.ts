import { stopReplication } from "../activities/contracts/machines.js";
import { bringUp } from "./bring-up.js";
import { removeLeftCopy } from "./clean-up-item.js";
import { itemStory } from "./item-story.js";

/**
 * Brings one item up at the other site, from the recovery point chosen for it. A copy that is left of a test goes first:
 * once the item has failed over, nobody would clean it up.
 */
export const recoverItem = itemStory(
  { succeeded: "failed-over", failed: "failover-failed" },
  { failedOver: true },
  function* (story) {
    yield* removeLeftCopy(story);
    yield* story.do(stopReplication, story.on);
    yield* bringUp(story);
  },
);
