import type { OrchestrationContext } from "durable-functions";
import type { z } from "zod";
import { settleItems } from "../activities/contracts/execution.js";
import { callActivity, type Durable, inParallel } from "../durable/call.js";
import { ITEM_STORIES, type ItemTask, runItems as runItemsContract } from "./contracts.js";
import { itemInstanceId, sliceInstanceId, slicesOf } from "./instance-ids.js";

/** Tells one story of many items side by side, and writes down how they came out. */
export function* runItems(context: OrchestrationContext): Durable<z.output<typeof runItemsContract.output>> {
  const { items, ...rest } = runItemsContract.input.parse(context.df.getInput());
  const { stage, story, ...run } = rest;
  const { worldId, executionId, verb } = run;
  const slices = slicesOf(items);
  if (slices.length > 1) {
    const children = slices.map((slice, index) => ({
      id: sliceInstanceId(executionId, stage, index + 1),
      input: { ...rest, items: slice },
    }));
    const answers = yield* inParallel(context, runItemsContract, children);
    return { reports: answers.flatMap(({ reports }) => reports) };
  }
  const tell = (item: ItemTask) => ({ id: itemInstanceId(executionId, stage, item.itemId), input: { ...run, item } });
  const settled = yield* inParallel(context, ITEM_STORIES[story], items.map(tell));
  yield* callActivity(context, settleItems, { worldId, executionId, verb, part: stage, items: settled });
  return { reports: settled.map(({ report }) => report) };
}
