/**
 * What people may do with a running execution now. The same decision answers `allowedActions` and the calls themselves.
 *
 * - A1 Each action is there, allowed or not. One that is not says why, and what would make it so.
 *   (test/unit/domain/allowed-steering.test.ts)
 */
import type { Execution } from "../execution.js";
import { isCancellable, type NextStep } from "../executions/next-steps.js";
import { failoverTypeOf } from "../plans/failover-type.js";
import { isEnded } from "../plans/failure-policy.js";
import type { Verb } from "../vocabulary.js";
import { canSwitch, pauseOf, switchOf } from "./in-force.js";
import type { SteeringAction } from "./steering.js";

/** How the execution stands, as far as steering needs it. */
export interface SteeringFacts {
  execution: Execution;
  /** What was done is being undone. */
  isUndoing: boolean;
  /** Groups that have not begun. */
  groupsAhead: readonly string[];
  /** All groups are through: what follows no longer concerns single items. */
  isPastGroups: boolean;
  /** The question about a failure that is open. */
  openAsk: number | null;
  /** Items that failed and were passed over. */
  failedItemIds: readonly string[];
  /** Steps, and actions, that a person may skip now. */
  skippable: readonly string[];
  /** Waits that have an end, and how much later it can be: 60 minutes, or what is left of the most. */
  extendable: readonly { stepId: string; until: string; minutes: number }[];
  /** Items whose steps hang or take unusually long. */
  stuckItemIds: readonly string[];
}

/** Everything that a person may do with an execution beside the answers that it asks for. */
export type ExecutionAction = SteeringAction | "continue-without" | "cancel";

export interface AllowedAction {
  action: ExecutionAction;
  allowed: boolean;
  /** Why not. */
  because?: string;
  whatWouldMakeItSo?: string;
  /** The call, with the least that its body needs. */
  call?: Pick<NextStep, "method" | "path" | "body">;
}

/** Not allowed: why, and what would make it so. */
export interface NotSteered {
  because: string;
  whatWouldMakeItSo: string;
}

type Cell = { body: Record<string, unknown> } | NotSteered;

const NOTHING = "nothing: it is only for a while of an execution, or for other verbs";
const not = (because: string, whatWouldMakeItSo = NOTHING): NotSteered => ({ because, whatWouldMakeItSo });
const WHY = "why, for whoever reads the record later";

/** Every action, each with the call for it or the reason against it. */
export function allowedActionsOf(facts: SteeringFacts): AllowedAction[] {
  const { executionId } = facts.execution;
  return ACTIONS.map((action): AllowedAction => {
    const cell = cellOf(action, facts);
    if (!("body" in cell)) return { action, allowed: false, ...cell };
    const path = `/api/executions/${executionId}/${action}`;
    return { action, allowed: true, call: { method: "POST", path, body: cell.body } };
  });
}

/** Why an action is not allowed; null when it is. */
export function refusalOf(action: ExecutionAction, facts: SteeringFacts): NotSteered | null {
  const cell = cellOf(action, facts);
  return "body" in cell ? null : cell;
}

function cellOf(action: ExecutionAction, facts: SteeringFacts): Cell {
  const { status, cancelRequest } = facts.execution;
  if (isEnded(status)) return not(`the execution has ended: ${status}`, "nothing: take one of the `nextSteps`");
  if (cancelRequest !== undefined) {
    return not(
      `${cancelRequest.requestedBy} cancelled the execution`,
      "nothing: wait for its end, then take a next step",
    );
  }
  return RULES[action](facts);
}

const UNDOING = not(
  "the execution undoes what was done, and an undo is neither paused nor steered",
  "nothing: wait for its end",
);

/** Verbs that take back what another execution did. Their steps are those of an undo, so no pause holds them. */
const UNDOING_VERBS: ReadonlySet<Verb> = new Set(["cancel-failover", "test-clean-up"]);

const RULES: Readonly<Record<ExecutionAction, (facts: SteeringFacts) => Cell>> = {
  pause({ execution, isUndoing }) {
    if (isUndoing || UNDOING_VERBS.has(execution.verb)) return UNDOING;
    const pause = pauseOf(execution);
    if (pause !== null) return not(`${pause.person} paused it at ${pause.at}`, "resume it first");
    return { body: {} };
  },
  resume: ({ execution }) =>
    pauseOf(execution) === null ? not("the execution is not paused", "pause it first") : { body: {} },
  retry({ isUndoing, openAsk, failedItemIds, isPastGroups }) {
    if (isUndoing) return UNDOING;
    if (openAsk !== null) return { body: {} };
    if (failedItemIds.length === 0) return not("no item has failed and was passed over", "an item that fails");
    if (isPastGroups) return not("all groups are through", "the end of the execution: its `nextSteps` try again");
    return { body: { itemIds: failedItemIds } };
  },
  skip({ isUndoing, skippable }) {
    if (isUndoing) return UNDOING;
    if (skippable.length > 0) return { body: { stepIds: skippable, reason: WHY } };
    const which = "a probe, an action, or for an unplanned failover the shutdown of a source";
    return not("no step that can be skipped is under way", `${which}, once it is under way`);
  },
  edit({ execution, isUndoing, groupsAhead }) {
    if (isUndoing) return UNDOING;
    if (execution.subject.kind === "item") return not("it runs on a single item, without a plan");
    if (failoverTypeOf(execution.verb) === null)
      return not(`${execution.verb} has no groups that an edit could change`);
    if (groupsAhead.length === 0)
      return not("every group has begun", "nothing: start another execution after this one");
    return { body: { planVersion: execution.subject.planVersion + 1, reason: WHY } };
  },
  "switch-to-unplanned"({ execution, isUndoing, isPastGroups }) {
    if (!canSwitch(execution.verb)) return not(`${execution.verb} is not a planned failover`);
    const made = switchOf(execution);
    if (made !== undefined) return not(`${made.person} switched it at ${made.at}`, "nothing: it goes on as unplanned");
    if (isUndoing) return UNDOING;
    if (isPastGroups) return not("all groups are through", "nothing: accept or reject the result");
    return { body: { reason: WHY } };
  },
  extend({ extendable }) {
    const another = "a question, an action, an approval, or a step that hangs";
    if (extendable.length === 0) return not("nothing waits that has an end", another);
    const first = extendable.find(({ minutes }) => minutes > 0);
    return first === undefined
      ? not("an approval is open for 30 days at most, and has them", "nothing: it is asked for again by another start")
      : { body: { ...first } };
  },
  "continue-without"({ stuckItemIds }) {
    if (stuckItemIds.length > 0) return { body: { itemIds: stuckItemIds } };
    return not("no step hangs or takes unusually long", "a step that does");
  },
  cancel: ({ execution: { verb } }) =>
    isCancellable(verb) ? { body: {} } : not(`${verb} cannot be left half way`, "nothing: wait for its end"),
};

const ACTIONS = Object.keys(RULES) as ExecutionAction[];
