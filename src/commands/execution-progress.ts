/**
 * How much of an execution is done, from 0 to 99 while it runs.
 *
 * - P1 It never falls. What is to be done comes from the plan, not from the steps that have begun; what is done comes
 *   from facts that stay: steps that began, and items that ended in any run of their stage.
 *   (test/orchestrators/progress.test.ts, test/unit/execution-progress.test.ts)
 * - P2 A retry and an undo take nothing back: an undo fills what was left. (same files)
 */
import type { Execution, Step } from "../domain/execution.js";
import { failoverTypeOf } from "../domain/plans/failover-type.js";
import type { Plan } from "../domain/plans/plan.js";
import { groupsInOrder } from "../domain/plans/plan-rules.js";
import { stepHasEnded } from "../domain/steps.js";
import {
  actionStepId,
  COMMIT_STEP,
  groupStepId,
  ITEMS_STEP,
  pointsStepId,
  REMOVE_COPIES_STEP,
  REMOVE_NETWORKS_STEP,
  REPROTECT_STEP,
  SHUTDOWN_STEP,
  TEST_NETWORK_STEP,
  UNDO_STEP,
  VALIDATION_STEP,
} from "../steps/plan-steps.js";
import { namesOf, type StepSources, stagesOf } from "./execution-tree.js";

/** One part of an execution: the step that shows it, and how much work it is. */
interface Phase {
  stepId: string;
  weight: number;
}

/** The work on one item, compared with a step of the execution as a whole. */
const ITEM_WEIGHTS: Readonly<Record<string, number>> = { [SHUTDOWN_STEP]: 2, [COMMIT_STEP]: 1, [UNDO_STEP]: 2 };
const USUAL_ITEM_WEIGHT = 4;

const once = (stepId: string): Phase => ({ stepId, weight: 1 });
const forItems = (stepId: string, items: number): Phase => ({
  stepId,
  weight: items * (ITEM_WEIGHTS[stepId] ?? USUAL_ITEM_WEIGHT),
});

/** Everything that an execution of the verb may do, in the order of its run. Parts that it leaves out are passed over. */
function phasesOf({ verb, itemIds, subject }: Execution, plan: Plan | null): Phase[] {
  const count = itemIds.length;
  const type = failoverTypeOf(verb);
  const actions = (some: readonly { id: string }[]): Phase[] => some.map(({ id }) => once(actionStepId(id)));
  const groups = plan === null ? [{ id: subject.kind, before: [], items: itemIds, after: [] }] : groupsInOrder(plan);
  const shutdown = [
    ...actions(plan?.shutdown.before ?? []),
    forItems(SHUTDOWN_STEP, count),
    ...actions(plan?.shutdown.after ?? []),
  ];
  const starts = groups.flatMap(({ id, before, items, after }) => [
    ...actions(before),
    once(pointsStepId(id)),
    forItems(groupStepId(id), items.length),
    ...actions(after),
  ]);
  if (type === null) {
    return [
      once("prerequisites"),
      ...(verb === "promote-test" ? shutdown : []),
      ...groups.map(({ id }) => once(pointsStepId(id))),
      forItems(ITEMS_STEP, count),
      forItems(REMOVE_COPIES_STEP, count),
      once(REMOVE_NETWORKS_STEP),
      once("verify-no-leftovers"),
      once(VALIDATION_STEP),
    ];
  }
  return [
    once("prerequisites"),
    ...(type === "test" ? [once(TEST_NETWORK_STEP)] : shutdown),
    ...starts,
    once(REMOVE_NETWORKS_STEP),
    once(VALIDATION_STEP),
    ...(verb === "full-run" ? [forItems(COMMIT_STEP, count), forItems(REPROTECT_STEP, count)] : []),
  ];
}

/** How much of a running execution is done, 0 to 99. */
export async function progressOf(execution: Execution, plan: Plan | null, sources: StepSources): Promise<number> {
  const phases = phasesOf(execution, plan);
  const done = await partDone(execution, plan, sources, phases);
  const undo = sources.own.find(({ id }) => id === UNDO_STEP);
  const undone = undo === undefined ? 0 : await phaseDone(execution, plan, sources, undo);
  return Math.min(99, Math.floor(100 * (done + (1 - done) * undone)));
}

/** Everything before the last part that has begun, and what is done of that part. */
async function partDone(
  execution: Execution,
  plan: Plan | null,
  sources: StepSources,
  phases: readonly Phase[],
): Promise<number> {
  const begun = new Map(sources.own.map((step) => [step.id, step]));
  const reached = phases.findLastIndex(({ stepId }) => begun.has(stepId));
  const phase = phases[reached];
  const step = begun.get(phase?.stepId ?? "");
  if (phase === undefined || step === undefined) return 0;
  const total = phases.reduce((sum, { weight }) => sum + weight, 0);
  const before = phases.slice(0, reached).reduce((sum, { weight }) => sum + weight, 0);
  return (before + phase.weight * (await phaseDone(execution, plan, sources, step))) / total;
}

/** How much of one part is done, 0 to 1. A part without items that failed may be tried again, so it is not done yet. */
async function phaseDone(
  execution: Execution,
  plan: Plan | null,
  { own, kept, live }: StepSources,
  step: Step,
): Promise<number> {
  const stages = stagesOf(execution, plan).get(step.id);
  if (stages === undefined) return step.status === "succeeded" || step.status === "skipped" ? 1 : 0;
  if (stepHasEnded(step)) return 1;
  let done = 0;
  let items = 0;
  for (const { id, itemIds } of stages) {
    const names = namesOf(id, own);
    const running = await Promise.all(names.map((name) => live({ id: name, itemIds })));
    for (const itemId of itemIds) {
      const hasEnded = names.some((name) => kept.get(name)?.has(itemId));
      done += hasEnded ? 1 : Math.max(...running.map((steps) => itemDone(steps.get(itemId) ?? [])));
    }
    items += itemIds.length;
  }
  return items === 0 ? 1 : done / items;
}

/** The steps that have ended, taken as all but the newest: unannounced steps then add to both sides of the fraction. */
function itemDone(steps: readonly Step[]): number {
  const begun = steps.filter(({ status }) => status !== "waiting").length;
  return begun === 0 ? 0 : (begun - 1) / steps.length;
}
