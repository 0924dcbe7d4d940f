import { deleteRecoveryPoints, removeOldMachine } from "../activities/contracts/machines.js";
import { itemStory } from "./item-story.js";
import { orFound, type Protection } from "./or-found.js";

const isCommitted = ({ promoted, hasPoints }: Protection): boolean => promoted && !hasPoints;

/**
 * Accepts one item's failover: its copy stays, every recovery point goes (P6), and after a failback the old machine
 * (P13). Without its points it is committed, also when the old machine is still there.
 */
export const commitItem = itemStory({ succeeded: "committed", failed: "failed-over" }, {}, function* (story) {
  yield* orFound(story, isCommitted, () => story.do(deleteRecoveryPoints, story.on));
  story.reached = "committed";
  if (story.input.item.direction !== "recovery-to-primary") return;
  const { removed } = yield* story.do(removeOldMachine, story.on);
  if (removed.length > 0) story.note(removeOldMachine, `removed ${removed.join(", ")}`);
});
