import { promoteTestCopy, stopReplication, verifyReplica } from "../activities/contracts/machines.js";
import { itemStory } from "./item-story.js";

/** Makes the test copy of one item its workload's copy. */
export const promoteTestItem = itemStory(
  { succeeded: "failed-over", failed: "failover-failed" },
  { failedOver: true },
  function* (story) {
    const { on, findings } = story;
    const epoch = story.input.item.epoch + 1;
    findings.epoch = epoch;
    yield* story.do(stopReplication, on);
    const { point, dataLoss, siteId } = yield* story.do(promoteTestCopy, { ...on, epoch });
    findings.point = point;
    findings.dataLoss = dataLoss;
    story.running(siteId);
    yield* story.check("verify", verifyReplica, { ...on, copy: "replica" });
  },
);
