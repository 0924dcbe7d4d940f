import { removeTestCopy } from "../activities/contracts/machines.js";
import type { Fiber } from "../durable/fiber-scheduler.js";
import { type ItemStory, itemStory } from "./item-story.js";
import { required } from "./required.js";

/** Removes the test copy of one item. That the item is protected again is said when nothing at all is left. */
export const cleanUpItem = itemStory({ succeeded: null, failed: null }, {}, removeCopy);

/** The same as the undo of a test that was cancelled. */
export const revertTestItem = itemStory({ succeeded: "protected", failed: "test-failed-over" }, {}, removeCopy);

function* removeCopy(story: ItemStory): Fiber<void> {
  const testExecutionId = required(story.input.item.testExecutionId, "a test copy belongs to a test's execution");
  yield* story.do(removeTestCopy, { ...story.on, testExecutionId });
}

/** Removes the copy of a test that was to be promoted and was not, if there is one. */
export function* removeLeftCopy(story: ItemStory): Fiber<void> {
  if (story.input.item.testExecutionId !== undefined) yield* removeCopy(story);
}
