import { bringUp } from "./bring-up.js";
import { itemStory } from "./item-story.js";

/** Sets one failed-over item to another recovery point and starts it again. */
export const repointItem = itemStory(
  { succeeded: "failed-over", failed: "failover-failed" },
  { failedOver: true },
  bringUp,
);
