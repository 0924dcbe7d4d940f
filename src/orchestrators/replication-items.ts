import {
  disableReplication,
  enableReplication,
  proveReplicating,
  resynchronise,
} from "../activities/contracts/machines.js";
import { itemStory } from "./item-story.js";
import { orFound, type Protection } from "./or-found.js";

const isProtected = ({ direction, promoted, replicating }: Protection): boolean =>
  direction === "primary-to-recovery" && !promoted && replicating;
const isUnprotected = ({ direction, promoted, replicating, hasPoints }: Protection): boolean =>
  direction === "primary-to-recovery" && !promoted && !replicating && !hasPoints;

/** Ends the protection of one item at home; what a failback left at the recovery site goes with it (A10). */
export const disableItem = itemStory({ succeeded: "unprotected", failed: null }, { restored: true }, function* (story) {
  yield* orFound(story, isUnprotected, function* () {
    const { removed } = yield* story.do(disableReplication, story.on);
    if (removed.length > 0) story.note(disableReplication, `removed ${removed.join(", ")}`);
  });
  story.findings.direction = "primary-to-recovery";
});

/** Protects one item anew. */
export const enableItem = itemStory({ succeeded: "protected", failed: "unprotected" }, {}, function* (story) {
  yield* orFound(story, isProtected, () => story.do(enableReplication, story.on));
  yield* story.check("prove-replicating", proveReplicating, story.on);
});

/** Compares both copies of one item and sends what differs. */
export const resynchroniseItem = itemStory({ succeeded: "protected", failed: "protected" }, {}, function* (story) {
  yield* story.do(resynchronise, story.on);
  yield* story.check("prove-replicating", proveReplicating, story.on);
});
