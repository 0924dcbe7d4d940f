import {
  disableReplication,
  enableReplication,
  findProtection,
  proveReplicating,
  resynchronise,
} from "../activities/contracts/machines.js";
import { failureOf } from "../durable/refusal.js";
import type { Beside } from "../durable/side-by-side.js";
import { type ItemStory, itemStory } from "./item-story.js";

/** Ends the protection of one item at home; what a failback left at the recovery site goes with it (A10). */
export const disableItem = itemStory({ succeeded: "unprotected", failed: null }, { restored: true }, function* (story) {
  yield* orFound(story, "ended", function* () {
    const { removed } = yield* story.do(disableReplication, story.on);
    if (removed.length > 0) story.note(disableReplication, `removed ${removed.join(", ")}`);
  });
  story.findings.direction = "primary-to-recovery";
});

/** Protects one item anew. */
export const enableItem = itemStory({ succeeded: "protected", failed: "unprotected" }, {}, function* (story) {
  yield* orFound(story, "begun", () => story.do(enableReplication, story.on));
  yield* story.check("prove-replicating", proveReplicating, story.on);
});

/** Compares both copies of one item and sends what differs. */
export const resynchroniseItem = itemStory({ succeeded: "protected", failed: "protected" }, {}, function* (story) {
  yield* story.do(resynchronise, story.on);
  yield* story.check("prove-replicating", proveReplicating, story.on);
});

/**
 * A step that failed may have done its work all the same, when only its answer was lost: what the estate is decides
 * whether the story goes on or ends with the failure.
 */
function* orFound(story: ItemStory, wanted: "begun" | "ended", act: () => Beside<unknown>): Beside<void> {
  try {
    yield* act();
  } catch (thrown) {
    if (failureOf(thrown).code === "cancelled") throw thrown;
    const { protection } = yield* story.check("find-protection", findProtection, story.on);
    if (protection !== wanted) throw thrown;
    story.progress.note("find-protection", `protection has ${wanted} all the same`);
  }
}
