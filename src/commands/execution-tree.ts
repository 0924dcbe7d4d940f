import { EXECUTION_PART } from "../activities/close-execution.js";
import type { Execution, Step } from "../domain/execution.js";
import { isEnded, isFailoverVerb } from "../domain/failure-policy.js";
import type { Plan } from "../domain/plan.js";
import { groupsInOrder, planActions } from "../domain/plan-rules.js";
import { rollUp, stepHasEnded } from "../domain/steps.js";
import { itemInstanceId } from "../orchestrators/instance-ids.js";
import {
  actionStepId,
  COMMIT_STEP,
  groupStage,
  groupStepId,
  ITEMS_STEP,
  isAskStep,
  REPROTECT_STEP,
  retryStage,
  SHUTDOWN_STEP,
  shutdownStage,
  TEST_COPIES_STEP,
  UNDO_STEP,
} from "../orchestrators/step-ids.js";

export { EXECUTION_PART };

/** Where the steps of an execution are found. */
export interface Evidence {
  /** The steps of its own story, in the order they began. */
  own: readonly Step[];
  /** Steps of items that ended, by `stage/item`. */
  kept: ReadonlyMap<string, readonly Step[]>;
  /** Steps of an orchestration that runs now. */
  live(instanceId: string): Promise<Step[]>;
}

/** A stage of the story and the items it is told of. */
interface Stage {
  id: string;
  itemIds: readonly string[];
}

/** Looks at this many orchestrations at a time. */
const LOOKS_AT_ONCE = 32;

/** The steps of an execution as a tree: its own, under them those of its items, and after them what it has yet to do. */
export async function treeOf(execution: Execution, plan: Plan | null, evidence: Evidence): Promise<Step[]> {
  const titles = titlesOf(plan);
  const stages = stagesOf(execution, plan);
  const tree: Step[] = [];
  for (const step of evidence.own) {
    const titled = { ...step, title: titles.get(step.id) ?? step.title };
    const children = await itemSteps(execution.executionId, step, stages.get(step.id) ?? [], evidence);
    tree.push(children.length === 0 ? titled : { ...titled, children });
  }
  return isEnded(execution.status) ? tree : [...tree, ...yetToDo(execution, plan, evidence.own)];
}

function titlesOf(plan: Plan | null): ReadonlyMap<string, string> {
  if (plan === null) return new Map();
  return new Map([
    ...plan.groups.map(({ id, name }) => [groupStepId(id), name] as const),
    ...planActions(plan).map(({ action }) => [actionStepId(action.id), action.name] as const),
  ]);
}

/** Which stages hang under which step. */
function stagesOf({ itemIds, subject }: Execution, plan: Plan | null): ReadonlyMap<string, Stage[]> {
  const groups = plan === null ? [{ id: "item", itemIds }] : plan.groups.map(groupItems);
  const shutdown = groups.map((group) => ({ id: shutdownStage(group.id), itemIds: group.itemIds }));
  const all = (id: string): Stage[] => [{ id, itemIds }];
  return new Map<string, Stage[]>([
    [SHUTDOWN_STEP, plan?.shutdown.order === "reverse-group-order" ? shutdown : all(SHUTDOWN_STEP)],
    [UNDO_STEP, all(UNDO_STEP)],
    [ITEMS_STEP, all(ITEMS_STEP)],
    [COMMIT_STEP, all(COMMIT_STEP)],
    [REPROTECT_STEP, all(REPROTECT_STEP)],
    [TEST_COPIES_STEP, all(ITEMS_STEP)],
    ...groups.map((group): [string, Stage[]] => [
      groupStepId(group.id),
      [{ id: groupStage(group.id), itemIds: subject.kind === "item" ? itemIds : group.itemIds }],
    ]),
  ]);
}

const groupItems = ({ id, items }: Plan["groups"][number]) => ({ id, itemIds: items.map((item) => item.id) });

async function itemSteps(
  executionId: string,
  parent: Step,
  stages: readonly Stage[],
  evidence: Evidence,
): Promise<Step[]> {
  const nodes: Step[] = [];
  for (const stage of stages) {
    for (let from = 0; from < stage.itemIds.length; from += LOOKS_AT_ONCE) {
      const some = stage.itemIds.slice(from, from + LOOKS_AT_ONCE);
      nodes.push(...(await Promise.all(some.map((itemId) => itemStep(executionId, parent, stage, itemId, evidence)))));
    }
  }
  return nodes.filter(({ children }) => children !== undefined || !stepHasEnded(parent));
}

async function itemStep(
  executionId: string,
  parent: Step,
  stage: Stage,
  itemId: string,
  evidence: Evidence,
): Promise<Step> {
  const { kept, steps } = await newestSteps(executionId, parent, stage, itemId, evidence);
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

/** The steps of the newest telling: each question that was answered with `retry` has a stage of its own. */
async function newestSteps(executionId: string, parent: Step, stage: Stage, itemId: string, evidence: Evidence) {
  const asks = evidence.own.filter(({ id }) => isAskStep(id)).length;
  for (let ask = asks; ask >= 0; ask -= 1) {
    const name = ask === 0 ? stage.id : retryStage(ask, stage.id);
    const kept = evidence.kept.get(`${name}/${itemId}`);
    if (kept !== undefined) return { kept, steps: kept };
    const live = stepHasEnded(parent) ? [] : await evidence.live(itemInstanceId(executionId, name, itemId));
    if (live.length > 0) return { kept, steps: live };
  }
  return { kept: undefined, steps: [] };
}

/** An item whose last step failed has failed, whatever went well before. */
function worst(children: readonly Step[]): Step["status"] {
  return children.some(({ status }) => status === "failed") ? "failed" : rollUp(children.map(({ status }) => status));
}

/** Groups and their actions that a failover has not come to yet. */
function yetToDo({ verb }: Execution, plan: Plan | null, own: readonly Step[]): Step[] {
  if (plan === null || !isFailoverVerb(verb) || own.some(({ id }) => id === UNDO_STEP)) return [];
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
