import type { RunGroup, RunItem } from "../activities/contracts/execution.js";
import { RecoveryError } from "../domain/errors.js";
import { afterGroup } from "../domain/failure-policy.js";
import type { RecoveryPointChoice } from "../domain/recovery-point-choice.js";
import type { Durable } from "../durable/call.js";
import { runActions } from "./actions.js";
import type { ItemStoryName } from "./contracts.js";
import { type ChosenPoints, chooseRecoveryPoints } from "./recovery-points.js";
import type { Run } from "./run.js";
import { itemsOf, stopIfCancelled, type Told, tellItems } from "./stages.js";
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
  reportAlreadyDone(run);
  for (const group of run.plan.groups) {
    yield* runActions(run, group.before, group.id);
    const points = yield* chooseRecoveryPoints(run, group, choice);
    yield* run.step(groupStepId(group.id), () => startGroup(run, group, story, points, told));
    yield* runActions(run, group.after, group.id);
  }
}

function* startGroup(
  run: Run,
  group: RunGroup,
  story: ItemStoryName,
  points: ChosenPoints,
  told: (item: RunItem) => Told,
): Durable<void> {
  const begun = group.items.filter(({ id, alreadyDone }) => !alreadyDone && points.get(id)?.point);
  const tellOf = (item: RunItem): Told => ({ ...told(item), pointId: points.get(item.id)?.point?.id });
  const reports = yield* tellItems(run, groupStage(group.id), story, begun, tellOf);
  for (const report of reports) run.reports.set(report.itemId, report);
  stopIfCancelled(reports);
  const members = group.items.map(({ id, criticality }) => ({
    criticality,
    outcome: run.reports.get(id)?.outcome ?? "skipped",
  }));
  const failed = members.filter(({ outcome }) => outcome === "failed").length;
  if (failed > 0) run.progress.note(groupStepId(group.id), `${failed} of ${members.length} items failed`);
  if (afterGroup(run.plan.policy, group, members) === "stop") {
    throw new RecoveryError(
      "stopped",
      `group ${group.name} did not start: ${failed} of ${members.length} items failed`,
    );
  }
}

/** Items that another execution has brought up already are skipped (B.4). */
function reportAlreadyDone(run: Run): void {
  for (const { id, alreadyDone } of itemsOf(run)) {
    const nothing = { failure: null, point: null, dataLoss: null, runningAtMs: null };
    if (alreadyDone) run.reports.set(id, { itemId: id, outcome: "already-done", ...nothing });
  }
}
