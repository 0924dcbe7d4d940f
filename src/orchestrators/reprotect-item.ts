import { awaitAgent, proveReplicating, reverseReplication } from "../activities/contracts/machines.js";
import { itemStory } from "./item-story.js";
import { required } from "./required.js";

/** Turns the replication of one committed item round, so that it is protected the other way. */
export const reprotectItem = itemStory(
  { succeeded: "protected", failed: "committed" },
  { restored: true },
  function* (story) {
    const { on, findings } = story;
    const options = required(story.input.item.reprotect, "a reprotect has options");
    yield* story.do(awaitAgent, { ...on, wait: options.waitForAgent });
    const { direction, replicated } = yield* story.do(reverseReplication, { ...on, options });
    findings.direction = direction;
    findings.replicated = replicated;
    story.note(
      reverseReplication,
      `${replicated.caughtUpBy}: ${(replicated.bytes / 1_000_000).toFixed(1)} MB travelled`,
    );
    yield* story.check("prove-replicating", proveReplicating, on);
  },
);
