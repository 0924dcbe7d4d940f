import { awaitProbes, promoteReplica, startReplica, verifyReplica } from "../activities/contracts/machines.js";
import { failoverTypeOf } from "../domain/itineraries.js";
import type { Fiber } from "../durable/fiber-scheduler.js";
import type { ItemStory } from "./item-story.js";
import { required } from "./required.js";

/** Promotes the replica from the chosen point under a new epoch, starts it and looks whether it runs. */
export function* bringUp(story: ItemStory): Fiber<void> {
  const { on, findings } = story;
  const epoch = story.input.item.epoch + 1;
  const pointId = required(story.input.item.pointId, "an item is brought up from a recovery point");
  findings.epoch = epoch;
  const { point, dataLoss } = yield* story.do(promoteReplica, {
    ...on,
    pointId,
    epoch,
    planned: failoverTypeOf(story.input.verb) === "planned",
  });
  findings.point = point;
  findings.dataLoss = dataLoss;
  const { siteId } = yield* story.do(startReplica, { ...on, epoch });
  story.running(siteId);
  yield* story.check("verify", verifyReplica, { ...on, copy: "replica" });
  const { probes = [] } = story.input.item;
  if (probes.length > 0) yield* story.do(awaitProbes, { ...on, copy: "replica", probes });
}
