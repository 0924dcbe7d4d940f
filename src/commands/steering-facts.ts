import type { Execution, Step } from "../domain/execution.js";
import type { Plan } from "../domain/plans/plan.js";
import type { SteeringFacts } from "../domain/steering/allowed-steering.js";
import type { Begun } from "../domain/steering/edit-rules.js";
import { verbInForce } from "../domain/steering/in-force.js";
import { leavesOf, stepHasEnded } from "../domain/steps.js";
import { toMs } from "../domain/text.js";
import {
  actionOfStep,
  approvalOfStep,
  COMMIT_STEP,
  groupOfStep,
  ITEMS_STEP,
  REPROTECT_STEP,
  RESTORE_STEP,
  SHUTDOWN_STEP,
  UNDO_STEP,
  VALIDATION_STEP,
} from "../steps/plan-steps.js";
import { isSkippable } from "../steps/skippable.js";
import type { AwaitedCall } from "./awaited-calls.js";
import { nameOf } from "./stuck-steps.js";

/** An execution with its tree, as far as steering needs it. */
interface Seen {
  execution: Execution;
  steps: readonly Step[];
  awaits: readonly AwaitedCall[];
}

/** What comes after the last group. */
const AFTER_GROUPS: ReadonlySet<string> = new Set([
  VALIDATION_STEP,
  COMMIT_STEP,
  REPROTECT_STEP,
  RESTORE_STEP,
  UNDO_STEP,
]);

/** How an execution stands, read from its tree and from what it awaits. */
export function steeringFactsOf({ execution, steps, awaits }: Seen): SteeringFacts {
  const begun = new Set(steps.flatMap(({ id, startedAt }) => (startedAt === undefined ? [] : (groupOfStep(id) ?? []))));
  const open = awaits.find((awaited) => awaited.kind === "resolve");
  return {
    execution,
    isUndoing: steps.some(({ id }) => id === UNDO_STEP),
    groupsAhead: steps.flatMap(({ id }) => groupOfStep(id) ?? []).filter((id) => !begun.has(id)),
    isPastGroups: steps.some(({ id, startedAt }) => AFTER_GROUPS.has(id) && startedAt !== undefined),
    openAsk: open?.kind === "resolve" ? open.ask : null,
    failedItemIds: failedItems(steps),
    skippable: skippableSteps(execution, steps),
    extendable: awaits.flatMap((awaited) => {
      const { stepId, until } = awaited;
      if (stepId === null || until === null) return [];
      const latest = awaited.kind === "approval" ? awaited.latest : null;
      return [{ stepId, until, minutes: latest === null ? 60 : Math.min(60, minutesBetween(until, latest)) }];
    }),
    stuckItemIds: [...new Set(awaits.flatMap((one) => (one.kind === "continue-without" ? one.itemId : [])))],
  };
}

const minutesBetween = (from: string, to: string): number => Math.floor((toMs(to) - toMs(from)) / 60_000);

/** What of the plan has begun, be it an action or the check before it. */
export function begunOf({ execution, steps }: Omit<Seen, "awaits">, plan: Plan): Begun {
  const begun = steps.filter(({ startedAt }) => startedAt !== undefined);
  const actions = new Set(begun.flatMap(({ id }) => actionOfStep(id)?.actionId ?? []));
  const haveBegun = (some: readonly { id: string }[]): boolean => some.some(({ id }) => actions.has(id));
  const groups = plan.groups.filter(({ before }) => haveBegun(before)).map(({ id }) => id);
  const asked = new Set(begun.flatMap(({ id }) => approvalOfStep(id)?.requirementId ?? []));
  const approvalGroups = (plan.approvals ?? []).flatMap(({ id, before }) =>
    asked.has(id) && before.kind === "group" ? before.groupId : [],
  );
  return {
    groupIds: new Set([...groups, ...approvalGroups, ...begun.flatMap(({ id }) => groupOfStep(id) ?? [])]),
    shutdown: begun.some(({ id }) => id === SHUTDOWN_STEP) || haveBegun(plan.shutdown.before),
    itemIds: new Set(execution.itemIds),
    leftOut: new Set((execution.leftOut ?? []).map(({ itemId }) => itemId)),
  };
}

/** Items whose newest attempt in a group, or in the only stage, has failed and is over. */
function failedItems(steps: readonly Step[]): string[] {
  const stages = steps.filter(({ id }) => id === ITEMS_STEP || id.startsWith("groups/"));
  const failed = stages.flatMap(({ children = [] }) => children).filter(({ status }) => status === "failed");
  return [...new Set(failed.flatMap(({ itemId }) => itemId ?? []))];
}

function skippableSteps(execution: Execution, steps: readonly Step[]): string[] {
  const verb = verbInForce(execution);
  return leavesOf(steps)
    .filter((step) => !stepHasEnded(step))
    .filter(({ id, itemId, startedAt }) =>
      itemId === undefined ? actionOfStep(id) !== undefined && startedAt !== undefined : isSkippable(nameOf(id), verb),
    )
    .map(({ id }) => id);
}
