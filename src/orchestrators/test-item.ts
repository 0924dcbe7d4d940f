import {
  awaitProbes,
  createTestCopy,
  removeTestCopy,
  startTestCopy,
  verifyReplica,
} from "../activities/contracts/machines.js";
import { itemStory } from "./item-story.js";
import { required } from "./required.js";

/** Starts a copy of one item on an isolated network; source and replication go on untouched. */
export const testItem = itemStory(
  { succeeded: "test-failed-over", failed: "test-failed-over" },
  { tested: true },
  function* (story) {
    const { on, findings } = story;
    const pointId = required(story.input.item.pointId, "test-item needs a recovery point");
    const networkId = required(story.input.item.networkId, "test-item needs a network");
    if (on.attempt > 1) yield* story.do(removeTestCopy, { ...on, testExecutionId: on.executionId });
    const { point } = yield* story.do(createTestCopy, { ...on, pointId, networkId });
    findings.point = point;
    yield* story.do(startTestCopy, on);
    story.findings.runningAtMs = story.now;
    yield* story.check("verify", verifyReplica, { ...on, copy: "test-copy" });
    const { probes = [] } = story.input.item;
    if (probes.length > 0) yield* story.do(awaitProbes, { ...on, copy: "test-copy", probes });
  },
);
