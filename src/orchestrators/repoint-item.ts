import { bringUp } from "./bring-up.js";
import { itemOrchestration } from "./item-story.js";

/** Sets one failed-over item to another recovery point and starts it again. */
export const repointItem = itemOrchestration(
  "repoint-item",
  { succeeded: "failed-over", failed: "failover-failed" },
  { failedOver: true },
  bringUp,
);
