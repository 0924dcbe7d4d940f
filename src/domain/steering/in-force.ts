/**
 * What the steering of an execution comes to: the record is a list, and everything else is worked out from it.
 *
 * - F1 Of pauses and resumes the last one counts. A cancel ends a pause, because an undo is never paused.
 * - F2 Time in which an execution is paused moves every deadline that it overlaps, whoever asks and whenever.
 * - F3 An extension belongs to the wait that it was made for: not to an earlier or a later one of the same step.
 *
 * Shown by test/unit/domain/steering.test.ts.
 */
import type { Execution } from "../execution.js";
import { failoverTypeOf } from "../plans/failover-type.js";
import { isEnded } from "../plans/failure-policy.js";
import { toMs } from "../text.js";
import type { Verb } from "../vocabulary.js";
import type { Steering, SteeringAction, SteeringOf } from "./steering.js";

/** An execution, as far as its steering needs it. */
export type Steered = Pick<Execution, "verb" | "status" | "cancelRequest" | "steering">;

type List = readonly Steering[];

const listOf = ({ steering = [] }: Pick<Execution, "steering">): List => steering;

const ofAction = <A extends SteeringAction>(list: List, action: A): SteeringOf<A>[] =>
  list.filter((one): one is SteeringOf<A> => one.action === action);

const isPauseOrResume = ({ action }: Steering): boolean => action === "pause" || action === "resume";

/** The pause in force; null while there is none. */
export function pauseOf(execution: Steered): SteeringOf<"pause"> | null {
  if (execution.cancelRequest !== undefined || isEnded(execution.status)) return null;
  const last = listOf(execution).findLast(isPauseOrResume);
  return last?.action === "pause" ? last : null;
}

/** How long an execution was paused between two moments. */
export function pausedMs(execution: Steered, fromMs: number, toEndMs: number): number {
  let total = 0;
  let since: number | null = null;
  const until = (endMs: number): void => {
    if (since !== null) total += Math.max(0, Math.min(endMs, toEndMs) - Math.max(since, fromMs));
    since = null;
  };
  for (const { action, at } of listOf(execution).filter(isPauseOrResume)) {
    if (action === "pause") since ??= toMs(at);
    else until(toMs(at));
  }
  const cancelledAt = execution.cancelRequest?.requestedAt;
  until(cancelledAt === undefined ? toEndMs : toMs(cancelledAt));
  return total;
}

/** How much the wait of a step was extended, of those that began at a moment. */
export const extendedMs = (execution: Steered, isOfStep: (stepId: string) => boolean, sinceMs: number): number =>
  ofAction(listOf(execution), "extend")
    .filter(({ stepId, at }) => isOfStep(stepId) && toMs(at) >= sinceMs)
    .reduce((sum, { minutes }) => sum + minutes * 60_000, 0);

/** How much later the wait of a step ends because of steering. */
export const movedMs = (
  execution: Steered,
  isOfStep: (stepId: string) => boolean,
  sinceMs: number,
  nowMs: number,
): number => pausedMs(execution, sinceMs, nowMs) + extendedMs(execution, isOfStep, sinceMs);

/** Whether an id in the tree is that of a step of an item. */
export const isStepOf =
  (itemId: string, step: string) =>
  (stepId: string): boolean =>
    stepId.endsWith(`/items/${itemId}/${step}`);

/** The request to skip a step of an item. */
export const skipOf = (execution: Steered, itemId: string, step: string): SteeringOf<"skip"> | undefined =>
  ofAction(listOf(execution), "skip").find(({ stepIds }) => stepIds.some(isStepOf(itemId, step)));

/** The switch of a planned execution to an unplanned one. */
export const switchOf = (execution: Pick<Execution, "steering">): SteeringOf<"switch-to-unplanned"> | undefined =>
  ofAction(listOf(execution), "switch-to-unplanned")[0];

/** The edit in force, which says which version of the plan the execution runs. */
export const editOf = (execution: Pick<Execution, "steering">): SteeringOf<"edit"> | undefined =>
  ofAction(listOf(execution), "edit").at(-1);

const UNPLANNED: Partial<Record<Verb, Verb>> = {
  "planned-failover": "unplanned-failover",
  "planned-failback": "failback",
  "full-run": "unplanned-failover",
};

/** The verb whose rules an execution follows: the unplanned one after a switch. Its record keeps the verb that was started. */
export const verbInForce = ({ verb, steering }: Pick<Execution, "verb" | "steering">): Verb =>
  switchOf({ steering }) === undefined ? verb : (UNPLANNED[verb] ?? verb);

export const canSwitch = (verb: Verb): boolean => failoverTypeOf(verb) === "planned";

/** Whether the workflow itself has to know: the steps of items look into the record by themselves. */
const concernsWorkflow = ({ action }: Steering): boolean =>
  action === "retry" || action === "edit" || action === "switch-to-unplanned";

/** How often the workflow was steered. It has caught up when it knows this number. */
export const revisionOf = (execution: Pick<Execution, "steering">): number =>
  listOf(execution).filter(concernsWorkflow).length;

/** What the workflow does not know yet. */
export const steeringSince = (execution: Pick<Execution, "steering">, revision: number): Steering[] =>
  listOf(execution).filter(concernsWorkflow).slice(revision);

/** The version of the plan that an execution of a plan runs: that of its last edit; 1 for a single item. */
export const planVersionOf = (execution: Pick<Execution, "subject" | "steering">): number =>
  editOf(execution)?.planVersion ?? (execution.subject.kind === "plan" ? execution.subject.planVersion : 1);
