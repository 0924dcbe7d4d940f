import type { RecoveryPointChoice } from "../../domain/recovery-points/recovery-point-choice.js";
import type { Durable } from "../../durable/call.js";
import {
  type ChosenPoint,
  chooseRecoveryPoints as contract,
  type ExecutionGroup,
  type ItemReport,
} from "../../executions/contracts.js";
import { pointsStage, pointsStepId, retryStage } from "../../steps/plan-steps.js";
import type { ExecutionContext } from "./execution-workflow.js";
import { runItems, stopIfCancelled } from "./run-items.js";
import { actAsSteered } from "./steering.js";

/** The point of each item, by item id. */
export type ChosenPoints = ReadonlyMap<string, ChosenPoint>;

/**
 * Chooses the recovery points of one group's items just before they are needed, because points age and are pruned.
 * Replication groups never span two groups of a plan. An item without a point is reported as failed.
 *
 * Data that are still being processed are waited for in a child orchestration, item by item: one that hangs does not
 * lengthen the history of the execution, and does not decide about the others.
 */
export function* chooseRecoveryPoints(
  execution: ExecutionContext,
  group: ExecutionGroup,
  choice: RecoveryPointChoice,
  attempt = 1,
): Durable<ChosenPoints> {
  const points = new Map<string, ChosenPoint>();
  const open = execution.itemsToBringUp(group);
  for (const { id, promotedFrom } of open) {
    if (promotedFrom !== null) points.set(id, { itemId: id, point: promotedFrom, failure: null });
  }
  const itemIds = open.filter(({ id }) => !points.has(id)).map(({ id }) => id);
  if (itemIds.length === 0) return points;
  yield* execution.step(pointsStepId(group.id), function* () {
    const processPending = execution.plan.verb !== "change-recovery-point";
    const input = { ...execution.ids, itemIds, choice, attempt, processPending };
    const { chosen, pending } = yield* actAsSteered(execution, contract, input);
    for (const point of chosen) points.set(point.itemId, point);
    const stage = pointsStage(group.id);
    const reports = yield* runItems(
      execution,
      attempt === 1 ? stage : retryStage(execution.asks, stage),
      "process-pending-item",
      open.filter(({ id }) => pending.includes(id)),
      () => ({ attempt }),
    );
    stopIfCancelled(reports);
    for (const { itemId, point, failure } of reports) points.set(itemId, { itemId, point, failure });
  });
  for (const { itemId, point, failure } of points.values()) {
    if (point === null) execution.reports.set(itemId, reportWithoutPoint(itemId, failure));
  }
  return points;
}

function reportWithoutPoint(itemId: string, failure: ChosenPoint["failure"]): ItemReport {
  return { itemId, outcome: "failed", failure, point: null, dataLoss: null, runningAtMs: null };
}
