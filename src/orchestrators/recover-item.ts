import { stopReplication } from "../activities/contracts/machines.js";
import { bringUp } from "./bring-up.js";
import { itemStory } from "./item-story.js";

/** Brings one item up at the other site, from the recovery point chosen for it. */
export const recoverItem = itemStory(
  { succeeded: "failed-over", failed: "failover-failed" },
  { failedOver: true },
  function* (story) {
    yield* story.do(stopReplication, story.on);
    yield* bringUp(story);
  },
);
