import type { RunGroup, RunItem } from "../activities/contracts/execution.js";
import type { RecoveryPointChoice } from "../domain/recovery-points/recovery-point-choice.js";
import type { Durable } from "../durable/call.js";
import { runActions } from "./actions.js";
import type { ItemStoryName } from "./contracts.js";
import { tellByPolicy } from "./failures.js";
import { notify } from "./notify.js";
import { type ChosenPoints, chooseRecoveryPoints } from "./recovery-points.js";
import type { Run } from "./run.js";
import { itemsToBringUp, type Told, tellItems } from "./stages.js";
import { groupStage, groupStepId } from "./step-ids.js";

/**
 * Starts the groups in order, the items of each side by side, with the actions before and after. A group that
 * does not get healthy ends the story where the plan's policy says stop.
 */
export function* startGroups(
  run: Run,
  story: ItemStoryName,
  choice: RecoveryPointChoice,
  told: (item: RunItem) => Told = () => ({}),
): Durable<void> {
  for (const [at, group] of run.plan.groups.entries()) {
    yield* runActions(run, group.before, group.id);
    const points = yield* chooseRecoveryPoints(run, group, choice);
    yield* run.step(groupStepId(group.id), () => startGroup(run, group, story, points, choice, told));
    yield* runActions(run, group.after, group.id);
    yield* notify(run.context, run.plan, "progress", {
      groupId: group.id,
      reached: at + 1,
      of: run.plan.groups.length,
    });
  }
}

function* startGroup(
  run: Run,
  group: RunGroup,
  story: ItemStoryName,
  first: ChosenPoints,
  choice: RecoveryPointChoice,
  told: (item: RunItem) => Told,
): Durable<void> {
  yield* tellByPolicy(
    run,
    groupStage(group.id),
    itemsToBringUp(run, group),
    [group],
    function* (stage, items, attempt) {
      const points =
        attempt === 1 ? first : yield* chooseMissing(run, { ...group, items: [...items] }, choice, first, attempt);
      const begun = items.filter(({ id }) => points.get(id)?.point);
      return yield* tellItems(run, stage, story, begun, (item) => ({
        ...told(item),
        pointId: points.get(item.id)?.point?.id,
        attempt,
        probes: item.probes,
      }));
    },
  );
}

/** On a second try an item keeps the point it had; one that had none is asked for again. */
function* chooseMissing(
  run: Run,
  group: RunGroup,
  choice: RecoveryPointChoice,
  first: ChosenPoints,
  attempt: number,
): Durable<ChosenPoints> {
  const without = group.items.filter(({ id }) => !first.get(id)?.point);
  return new Map([...first, ...(yield* chooseRecoveryPoints(run, { ...group, items: without }, choice, attempt))]);
}
