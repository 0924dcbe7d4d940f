import type { OrchestrationContext } from "durable-functions";
import type { z } from "zod";
import { settleItems } from "../activities/contracts/execution.js";
import { type Durable, inParallel } from "../durable/call.js";
import { runFibers } from "../durable/fiber-scheduler.js";
import { standstillFor } from "../durable/progress.js";
import { sliceStatusOf } from "../durable/slice-status.js";
import { untilMended } from "../durable/until-mended.js";
import { runItems as runItemsContract } from "./contracts.js";
import { sliceInstanceId, slicesOf } from "./instance-ids.js";
import { ITEM_STORIES } from "./item-stories.js";
import { ItemStory } from "./item-story.js";

const stepsOf = ({ item }: ItemStory["input"], { packed }: ItemStory["progress"]) => ({
  itemId: item.itemId,
  steps: packed,
});

/** Tells one story of many items side by side, and writes down how they came out. */
export function* runItems(context: OrchestrationContext): Durable<z.output<typeof runItemsContract.output>> {
  const { items, ...rest } = runItemsContract.input.parse(context.df.getInput());
  const { stage, slice, story, ...run } = rest;
  const { worldId, executionId, verb } = run;
  const slices = slicesOf(items);
  if (slices.length > 1) {
    const children = slices.map((some, index) => ({
      id: sliceInstanceId(executionId, stage, index + 1),
      input: { ...rest, slice: index + 1, items: some },
    }));
    const answers = yield* inParallel(context, runItemsContract, children);
    return { reports: answers.flatMap(({ reports }) => reports) };
  }
  const stories = items.map((item) => new ItemStory(context, { ...run, item }));
  const show = (standsStill?: string): void => {
    // Packed when it is sent, not at every rest of every replay: that would cost more than all the rest.
    const steps = () => stories.map(({ input, progress }) => stepsOf(input, progress));
    const toJSON = (): object => sliceStatusOf(steps(), standstillFor(standsStill));
    context.df.setCustomStatus({ toJSON });
  };
  const settled = yield* runFibers(
    context,
    stories.map((one) => ({ key: one.input.item.itemId, fiber: ITEM_STORIES[story](one) })),
    show,
  );
  yield* untilMended(context, settleItems, { worldId, executionId, verb, stage, slice, items: settled }, show);
  return { reports: settled.map(({ report }) => report) };
}
