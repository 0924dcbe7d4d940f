import { awaitAgent, proveReplicating, reverseReplication } from "../activities/contracts/machines.js";
import { opposite } from "../domain/scenario-traits.js";
import { itemStory } from "./item-story.js";
import { orFound, type Protection } from "./or-found.js";
import { required } from "./required.js";

/** Turns the replication of one committed item round, so that it is protected the other way. */
export const reprotectItem = itemStory(
  { succeeded: "protected", failed: "committed" },
  { restored: true },
  function* (story) {
    const { on, findings } = story;
    const options = required(story.input.item.reprotect, "a reprotect has options");
    yield* story.do(awaitAgent, { ...on, wait: options.waitForAgent });
    const before = required(story.input.item.direction, "a reprotect knows which way it turns");
    const isTurned = ({ direction, promoted, replicating }: Protection): boolean =>
      direction !== before && !promoted && replicating;
    yield* orFound(story, isTurned, function* () {
      const { replicated } = yield* story.do(reverseReplication, { ...on, options });
      findings.replicated = replicated;
      const travelled = `${(replicated.bytes / 1_000_000).toFixed(1)} MB travelled`;
      story.note(reverseReplication, `${replicated.caughtUpBy}: ${travelled}`);
    });
    findings.direction = opposite(before);
    yield* story.check("prove-replicating", proveReplicating, on);
  },
);
