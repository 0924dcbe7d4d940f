import { type ChosenPoint, chooseRecoveryPoints as contract } from "../activities/contracts/execution.js";
import type { RecoveryPointChoice } from "../domain/recovery-point-choice.js";
import type { Durable } from "../durable/call.js";
import { untilDone } from "../durable/until-done.js";
import type { Run } from "./run.js";
import { itemsToDo } from "./stages.js";

/** The point of each item, by item id. */
export type ChosenPoints = ReadonlyMap<string, ChosenPoint>;

/** Chooses every item's recovery point, one group of the plan after the other: replication groups never span two. */
export function* chooseRecoveryPoints(run: Run, choice: RecoveryPointChoice): Durable<ChosenPoints> {
  const points = new Map<string, ChosenPoint>();
  yield* run.step("choose-recovery-point", function* () {
    for (const group of run.plan.groups) {
      const itemIds = group.items.filter(({ alreadyDone }) => !alreadyDone).map(({ id }) => id);
      if (itemIds.length === 0) continue;
      const input = { ...run.on, itemIds, choice };
      const { chosen } = yield* untilDone(run.context, contract, input, run.plan.stepLimitMs);
      for (const point of chosen) points.set(point.itemId, point);
    }
  });
  return points;
}

/** Notes the items that have nothing to start from. */
export function reportMissingPoints(run: Run, points: ChosenPoints): void {
  for (const { id } of itemsToDo(run)) {
    const chosen = points.get(id);
    if (chosen?.point) continue;
    const failure = chosen?.failure ?? null;
    run.reports.set(id, { itemId: id, outcome: "failed", failure, point: null, dataLoss: null, runningAtMs: null });
  }
}
