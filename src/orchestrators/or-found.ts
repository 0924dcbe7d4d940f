import type { z } from "zod";
import { findProtection } from "../activities/contracts/machines.js";
import type { Fiber } from "../durable/fiber-scheduler.js";
import type { ItemStory } from "./item-story.js";

export type Protection = z.output<typeof findProtection.output>;

/**
 * A step that failed, or met a cancel when it was asked about again, may have done its work all the same: what the
 * estate is decides whether the story goes on or ends with the failure.
 */
export function* orFound(
  story: ItemStory,
  isDone: (found: Protection) => boolean,
  act: () => Fiber<unknown>,
): Fiber<void> {
  try {
    yield* act();
  } catch (thrown) {
    const found = yield* story.check("find-protection", findProtection, story.on);
    if (!isDone(found)) throw thrown;
    story.note(findProtection, "it was done all the same");
  }
}
