import { finalSynchronise, shutDownSource } from "../activities/contracts/machines.js";
import { itemStory } from "./item-story.js";

/** Shuts one source down and sends what it still has; afterwards nothing can be lost. */
export const releaseSource = itemStory({ succeeded: null, failed: null }, {}, function* (story) {
  yield* story.do(shutDownSource, story.on);
  yield* story.do(finalSynchronise, story.on);
});
