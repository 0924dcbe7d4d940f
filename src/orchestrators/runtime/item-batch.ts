import type { OrchestrationContext } from "durable-functions";
import type { z } from "zod";
import { type Durable, inParallel } from "../../durable/call.js";
import { runFibers } from "../../durable/fiber-scheduler.js";
import { blockedStatus } from "../../durable/progress.js";
import { retryUntilReadable } from "../../durable/retry-until-readable.js";
import { sliceStatusOf } from "../../durable/slice-status.js";
import { settleItems } from "../../executions/contracts.js";
import { ITEM_WORKFLOWS } from "../items/index.js";
import { itemBatch as contract } from "./contracts.js";
import { sliceInstanceId, slicesOf } from "./instance-ids.js";
import { ItemContext, runItemWorkflow } from "./item-workflow.js";

/** Runs one workflow for many items, each as a fiber at its own pace, and records their results. */
export function* itemBatch(context: OrchestrationContext): Durable<z.output<typeof contract.output>> {
  const { items: tasks, ...rest } = contract.input.parse(context.df.getInput());
  const { stage, slice, workflow, ...execution } = rest;
  const slices = slicesOf(tasks);
  if (slices.length > 1) {
    const children = slices.map((some, index) => ({
      id: sliceInstanceId(execution.executionId, stage, index + 1),
      input: { ...rest, slice: index + 1, items: some },
    }));
    const answers = yield* inParallel(context, contract, children);
    return { reports: answers.flatMap(({ reports }) => reports) };
  }
  const items = tasks.map((item) => new ItemContext(context, { ...execution, item }));
  const show = (blockedReason?: string): void => {
    const steps = () => items.map(({ task, progress }) => ({ itemId: task.itemId, steps: progress.packed }));
    // Packed only when it is sent: packing at every idle of every replay would cost more than everything else.
    const toJSON = (): object => sliceStatusOf(steps(), blockedStatus(blockedReason));
    context.df.setCustomStatus({ toJSON });
  };
  const fibers = items.map((item) => ({
    key: item.task.itemId,
    fiber: runItemWorkflow(ITEM_WORKFLOWS[workflow], item),
  }));
  const settled = yield* runFibers(context, fibers, show);
  const { worldId, executionId, verb } = execution;
  yield* retryUntilReadable(context, settleItems, { worldId, executionId, verb, stage, slice, items: settled }, show);
  return { reports: settled.map(({ report }) => report) };
}
