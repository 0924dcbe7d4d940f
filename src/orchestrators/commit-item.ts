import { deleteRecoveryPoints } from "../activities/contracts/machines.js";
import { itemOrchestration } from "./item-story.js";

/** Accepts one item's failover: its copy stays, every recovery point goes (P6). */
export const commitItem = itemOrchestration(
  "commit-item",
  { succeeded: "committed", failed: "failed-over" },
  {},
  function* (story) {
    yield* story.do(deleteRecoveryPoints, story.on);
  },
);
