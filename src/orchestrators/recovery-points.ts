import {
  type ChosenPoint,
  chooseRecoveryPoints as contract,
  type ItemReport,
  type RunGroup,
} from "../activities/contracts/execution.js";
import type { RecoveryPointChoice } from "../domain/recovery-points/recovery-point-choice.js";
import type { Durable } from "../durable/call.js";
import { pollUntilDone } from "../durable/poll-until-done.js";
import { orchestrationRuntime } from "../durable/wait.js";
import type { Run } from "./run.js";
import { itemsToBringUp } from "./stages.js";
import { pointsStepId } from "./step-ids.js";

/** The point of each item, by item id. */
export type ChosenPoints = ReadonlyMap<string, ChosenPoint>;

/**
 * Chooses the recovery points of one group's items, just before they are needed: points grow old and are pruned.
 * Replication groups never span two groups of a plan. An item without a point is reported as failed.
 */
export function* chooseRecoveryPoints(
  run: Run,
  group: RunGroup,
  choice: RecoveryPointChoice,
  attempt = 1,
): Durable<ChosenPoints> {
  const points = new Map<string, ChosenPoint>();
  const open = itemsToBringUp(run, group);
  for (const { id, promotedFrom } of open) {
    if (promotedFrom !== null) points.set(id, { itemId: id, point: promotedFrom, failure: null });
  }
  const itemIds = open.filter(({ id }) => !points.has(id)).map(({ id }) => id);
  if (itemIds.length === 0) return points;
  yield* run.step(pointsStepId(group.id), function* () {
    const { chosen } = yield* pollUntilDone(
      orchestrationRuntime(run.context),
      contract,
      { ...run.on, itemIds, choice, attempt },
      run.plan.stepLimitMs,
    );
    for (const point of chosen) points.set(point.itemId, point);
  });
  for (const { itemId, point, failure } of points.values()) {
    if (point === null) run.reports.set(itemId, withoutPoint(itemId, failure));
  }
  return points;
}

function withoutPoint(itemId: string, failure: ChosenPoint["failure"]): ItemReport {
  return { itemId, outcome: "failed", failure, point: null, dataLoss: null, runningAtMs: null };
}
