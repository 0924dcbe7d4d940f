import { demoteReplica, proveProtected, restartSource, restoreReplication } from "../activities/contracts/machines.js";
import type { Fiber } from "../durable/fiber-scheduler.js";
import { failureOf } from "../durable/refusal.js";
import { removeLeftCopy } from "./clean-up-item.js";
import { type ItemStory, itemStory } from "./item-story.js";

/**
 * Takes a failover of one item back. A step that fails ends it: the source must not start while the replica may
 * still take writes. Steps that were never done are found undone already. A test copy that was to be promoted and
 * is still there goes last, since protection does not wait for it.
 */
export const restoreItem = itemStory(
  { succeeded: "protected", failed: "failover-failed" },
  { restored: true },
  function* (story) {
    const { on, findings } = story;
    const epoch = story.input.item.epoch + 2;
    findings.epoch = epoch;
    yield* demote(story, epoch);
    yield* story.do(restoreReplication, on);
    const { siteId } = yield* story.do(restartSource, on);
    findings.activeSiteId = siteId;
    yield* story.check("prove-protected", proveProtected, on);
    yield* removeLeftCopy(story);
  },
);

/** What turns out to be committed stays so, and is recorded so. */
function* demote(story: ItemStory, epoch: number): Fiber<void> {
  try {
    yield* story.do(demoteReplica, { ...story.on, epoch });
  } catch (thrown) {
    if (failureOf(thrown).code === "verb-not-allowed") {
      story.reached = "committed";
      story.findings.epoch = null;
    }
    throw thrown;
  }
}
