import type { ItemReport, RunGroup, RunItem } from "../activities/contracts/execution.js";
import { RecoveryError } from "../domain/errors.js";
import { callSub, type Durable } from "../durable/call.js";
import { type ItemStoryName, type ItemTask, runItems } from "./contracts.js";
import { tellByPolicy } from "./failures.js";
import { stageInstanceId } from "./instance-ids.js";
import type { Run } from "./run.js";
import { ITEMS_STEP, UNDO_STEP } from "./step-ids.js";

/** What a story is told of an item, beside the item itself. */
export type Told = Partial<Omit<ItemTask, "itemId" | "epoch">>;

/** Tells one story of many items side by side as one stage of the run, and gives back how they came out. */
export function* tellItems(
  run: Run,
  stage: string,
  story: ItemStoryName,
  items: readonly RunItem[],
  told: (item: RunItem) => Told = () => ({}),
): Durable<ItemReport[]> {
  if (items.length === 0) return [];
  run.touched = true;
  const tasks = items.map((item) => ({
    itemId: item.id,
    epoch: item.epoch,
    direction: item.direction,
    testExecutionId: item.testExecutionId,
    ...told(item),
  }));
  const { stepLimitMs, verb } = run.plan;
  const input = { ...run.on, verb, stepLimitMs, stage, slice: 0, story, items: tasks };
  const { reports } = yield* callSub(run.context, runItems, {
    id: stageInstanceId(run.plan.executionId, stage),
    input,
  });
  return reports;
}

/** Tells one story of items with no order among them, as the one stage of the run. */
export function* tellAll(
  run: Run,
  story: ItemStoryName,
  items: readonly RunItem[] = itemsToDo(run),
  told: (item: RunItem) => Told = () => ({}),
): Durable<void> {
  yield* run.step(ITEMS_STEP, function* () {
    notePassedOver(run);
    yield* tellByPolicy(run, ITEMS_STEP, items, groupsOf(run, items), (stage, some, attempt) =>
      tellItems(run, stage, story, some, (item) => ({ ...told(item), attempt })),
    );
  });
}

/** Says which items there was nothing to do for, and why. */
function notePassedOver(run: Run): void {
  const some = itemsOf(run).flatMap(({ id, passedOver }) => (passedOver === null ? [] : [`${id}: ${passedOver}`]));
  if (some.length > 0) run.progress.note(ITEMS_STEP, `passed over ${some.slice(0, 5).join("; ")}`);
}

/** The groups of some items, with those items only. */
export function groupsOf(run: Run, items: readonly RunItem[]): RunGroup[] {
  const told = new Set(items.map(({ id }) => id));
  const groups = run.plan.groups.map((group) => ({ ...group, items: group.items.filter(({ id }) => told.has(id)) }));
  return groups.filter((group) => group.items.length > 0);
}

export const itemsOf = (run: Run): RunItem[] => run.plan.groups.flatMap(({ items }) => items);

/** Items that another execution has not already brought where this one would. */
export const itemsToDo = (run: Run): RunItem[] => itemsOf(run).filter(({ alreadyDone }) => !alreadyDone);

/** Items of a group that are brought up: those to do that were not left behind on the way. */
export const itemsToBringUp = (run: Run, { items }: RunGroup): RunItem[] =>
  items.filter(({ id, alreadyDone }) => !alreadyDone && !run.leftBehind.has(id));

/** Takes every item of the run back to protection when the story is undone. */
export function undoByRestoring(run: Run, items: readonly RunItem[]): void {
  run.undo.register("restore-items", function* () {
    if (!run.touched) return;
    const reports = yield* run.step(UNDO_STEP, () => tellItems(run, UNDO_STEP, "restore-item", items));
    const failed = reports.filter(({ outcome }) => outcome !== "succeeded");
    for (const report of reports) run.reports.set(report.itemId, { ...report, outcome: undoneAs(report) });
    if (failed.length > 0) {
      const which = failed.map(({ itemId, failure }) => `${itemId} (${failure?.message ?? "unknown"})`).join(", ");
      throw new RecoveryError("undo-failed", which);
    }
  });
}

/** An item that is protected again did not fail over, nor was it tested; one that is not, failed. */
export function undoneAs(report: ItemReport): ItemReport["outcome"] {
  return report.outcome === "succeeded" ? "cancelled" : "failed";
}
