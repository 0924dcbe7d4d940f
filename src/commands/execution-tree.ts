import type { Execution, Step } from "../domain/execution.js";
import { failoverTypeOf } from "../domain/plans/failover-type.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import type { Plan } from "../domain/plans/plan.js";
import { groupsInOrder, planActions } from "../domain/plans/plan-rules.js";
import { rollUp, stepHasEnded } from "../domain/steps.js";
import {
  actionStepId,
  COMMIT_STEP,
  groupStage,
  groupStepId,
  ITEMS_STEP,
  isAskStep,
  REMOVE_COPIES_STEP,
  REPROTECT_STEP,
  RESTORE_STEP,
  retryStage,
  SHUTDOWN_STEP,
  shutdownStage,
  UNDO_STEP,
} from "../steps/plan-steps.js";

/** Steps by the item they are of. */
export type StepsOfItems = ReadonlyMap<string, readonly Step[]>;

/** Where the steps of an execution are found. */
export interface StepSources {
  /** Its own steps, in the order they began. */
  own: readonly Step[];
  /** Steps of items that ended, by stage and item. */
  kept: ReadonlyMap<string, StepsOfItems>;
  /** Steps of the items of a stage that runs now. */
  live(stage: Stage): Promise<StepsOfItems>;
}

/** A stage of the execution and its items. */
export interface Stage {
  id: string;
  itemIds: readonly string[];
}

/** The steps of an execution as a tree: its own steps, the steps of its items below them, and then what is still to do. */
export async function treeOf(execution: Execution, plan: Plan | null, sources: StepSources): Promise<Step[]> {
  const titles = titlesOf(plan);
  const stages = stagesOf(execution, plan);
  const tree: Step[] = [];
  for (const step of sources.own) {
    const titled = { ...step, title: titles.get(step.id) ?? step.title };
    const children = await itemSteps(step, stages.get(step.id) ?? [], sources);
    tree.push(children.length === 0 ? titled : { ...titled, children });
  }
  return isEnded(execution.status) ? tree : [...tree, ...yetToDo(execution, plan, sources.own)];
}

function titlesOf(plan: Plan | null): ReadonlyMap<string, string> {
  if (plan === null) return new Map();
  return new Map([
    ...plan.groups.map(({ id, name }) => [groupStepId(id), name] as const),
    ...planActions(plan).map(({ action }) => [actionStepId(action.id), action.name] as const),
  ]);
}

/** The stages below each step. */
export function stagesOf({ itemIds, subject }: Execution, plan: Plan | null): ReadonlyMap<string, Stage[]> {
  const groups = plan === null ? [{ id: "item", itemIds }] : plan.groups.map(groupItems);
  const shutdown = groups.map((group) => ({ id: shutdownStage(group.id), itemIds: group.itemIds }));
  const all = (id: string): Stage[] => [{ id, itemIds }];
  return new Map<string, Stage[]>([
    [SHUTDOWN_STEP, plan?.shutdown.order === "reverse-group-order" ? shutdown : all(SHUTDOWN_STEP)],
    [RESTORE_STEP, all(RESTORE_STEP)],
    [UNDO_STEP, all(UNDO_STEP)],
    [ITEMS_STEP, all(ITEMS_STEP)],
    [COMMIT_STEP, all(COMMIT_STEP)],
    [REPROTECT_STEP, all(REPROTECT_STEP)],
    [REMOVE_COPIES_STEP, all(ITEMS_STEP)],
    ...groups.map((group): [string, Stage[]] => [
      groupStepId(group.id),
      [{ id: groupStage(group.id), itemIds: subject.kind === "item" ? itemIds : group.itemIds }],
    ]),
  ]);
}

/** The stages that may be running: those of steps under way, under each name they may have after a retry. */
export function openStages(execution: Execution, plan: Plan | null, own: readonly Step[]): Stage[] {
  const stages = stagesOf(execution, plan);
  const open = own.filter((step) => !stepHasEnded(step)).flatMap(({ id }) => stages.get(id) ?? []);
  return open.flatMap(({ id, itemIds }) => namesOf(id, own).map((name) => ({ id: name, itemIds })));
}

const groupItems = ({ id, items }: Plan["groups"][number]) => ({ id, itemIds: items.map((item) => item.id) });

async function itemSteps(parent: Step, stages: readonly Stage[], sources: StepSources): Promise<Step[]> {
  const nodes: Step[] = [];
  for (const stage of stages) {
    const runs = await runsOf(parent, stage, sources);
    nodes.push(...stage.itemIds.map((itemId) => itemStep(parent, itemId, runs)));
  }
  return nodes.filter(({ children }) => children !== undefined || !stepHasEnded(parent));
}

/** What is known of the items of one run of a stage. */
interface StageRun {
  kept: StepsOfItems;
  live: StepsOfItems;
}

/** The names that a stage may have run under, newest first: each question may have been answered with `retry`. */
export function namesOf(stage: string, own: readonly Step[]): string[] {
  const asks = own.filter((step) => isAskStep(step.id)).length;
  return Array.from({ length: asks + 1 }, (_, at) => (at === asks ? stage : retryStage(asks - at, stage)));
}

/** The runs of a stage, newest first. */
async function runsOf(parent: Step, { id, itemIds }: Stage, { own, kept, live }: StepSources): Promise<StageRun[]> {
  return Promise.all(
    namesOf(id, own).map(async (name) => ({
      kept: kept.get(name) ?? new Map(),
      live: stepHasEnded(parent) ? new Map() : await live({ id: name, itemIds }),
    })),
  );
}

function itemStep(parent: Step, itemId: string, runs: readonly StageRun[]): Step {
  const newest = runs.find(({ kept, live }) => kept.has(itemId) || (live.get(itemId)?.length ?? 0) > 0);
  const kept = newest?.kept.get(itemId);
  const steps = kept ?? newest?.live.get(itemId) ?? [];
  const id = `${parent.id}/items/${itemId}`;
  if (steps.length === 0) return { id, title: itemId, itemId, status: "waiting" };
  const children = steps.map((step) => ({ ...step, id: `${id}/${step.id}`, itemId }));
  const last = children.at(-1);
  const ended = kept !== undefined && last?.endedAt !== undefined;
  const status = kept === undefined ? "running" : worst(children);
  return {
    id,
    title: itemId,
    itemId,
    status,
    startedAt: children[0]?.startedAt,
    ...(ended ? { endedAt: last?.endedAt } : {}),
    children,
  };
}

/** An item with a failed step has failed, even if other steps succeeded. */
function worst(children: readonly Step[]): Step["status"] {
  return children.some(({ status }) => status === "failed") ? "failed" : rollUp(children.map(({ status }) => status));
}

/** Groups that a failover has not reached yet. */
function yetToDo({ verb }: Execution, plan: Plan | null, own: readonly Step[]): Step[] {
  if (plan === null || failoverTypeOf(verb) === null || own.some(({ id }) => id === UNDO_STEP)) return [];
  const begun = new Set(own.map(({ id }) => id));
  return groupsInOrder(plan)
    .filter(({ id }) => !begun.has(groupStepId(id)))
    .map((group): Step => {
      const id = groupStepId(group.id);
      const children = group.items.map((item): Step => {
        return { id: `${id}/items/${item.id}`, title: item.id, itemId: item.id, status: "waiting" };
      });
      return { id, title: group.name, status: "waiting", children };
    });
}
