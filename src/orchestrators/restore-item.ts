import {
  demoteReplica,
  proveProtected,
  removeTestCopy,
  restartSource,
  restoreReplication,
} from "../activities/contracts/machines.js";
import { itemStory } from "./item-story.js";

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
    yield* story.do(demoteReplica, { ...on, epoch });
    yield* story.do(restoreReplication, on);
    const { siteId } = yield* story.do(restartSource, on);
    findings.activeSiteId = siteId;
    yield* story.check("prove-protected", proveProtected, on);
    const { testExecutionId } = story.input.item;
    if (testExecutionId !== undefined) yield* story.do(removeTestCopy, { ...on, testExecutionId });
  },
);
