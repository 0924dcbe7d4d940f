import type { Execution } from "../../../src/domain/execution.js";
import { failoverTypeOf } from "../../../src/domain/plans/failover-type.js";
import { failurePolicyOf } from "../../../src/domain/plans/failure-policy.js";
import type { Action, Plan, PlanGroup } from "../../../src/domain/plans/plan.js";
import type { OperationName } from "../../../src/hypervisor/port.js";
import { approvalsOf } from "./approval-records.js";
import { decisionsOf } from "./decisions.js";
import { type Facts, hasEnded } from "./facts.js";
import { groupsBefore, planOf, verbsOf, versionsOf } from "./plans.js";
import { moment, type Violation, violation } from "./violation.js";

/** Verbs that start groups in order, and the operations with which they start the items of a group. */
const IN_ORDER: ReadonlySet<string> = new Set([
  "test-failover",
  "planned-failover",
  "unplanned-failover",
  "failback",
  "planned-failback",
  "full-run",
]);
const STARTING: ReadonlySet<OperationName> = new Set([
  "stop-replication",
  "promote-replica",
  "start-replica",
  "create-test-copy",
  "start-test-copy",
]);
const BOOTS: ReadonlySet<OperationName> = new Set(["start-replica", "start-test-copy"]);

/** When an execution worked on the items of a group. */
interface Worked {
  group: PlanGroup;
  firstMs: number;
  lastBeginMs: number;
  /** When the last item that succeeded was up. */
  upMs: number;
}

function workedOn(facts: Facts, execution: Execution, group: PlanGroup): Worked {
  const ids = new Set(group.items.map(({ id }) => id));
  const through = new Set(
    hasEnded(execution)
      ? execution.outcomes.flatMap(({ itemId, outcome }) => (outcome === "succeeded" ? [itemId] : []))
      : [],
  );
  const mine = facts.items.filter(({ item }) => ids.has(item.itemId));
  const begins = mine.flatMap(({ begins: all }) =>
    all.flatMap(({ key, operation, beganMs }) =>
      key.executionId === execution.executionId && STARTING.has(operation) ? [beganMs] : [],
    ),
  );
  const ups = mine.flatMap(({ item, effects }) =>
    effects.flatMap(({ key, entry, effectMs }) =>
      key.executionId === execution.executionId && BOOTS.has(entry.operation) && through.has(item.itemId)
        ? [effectMs]
        : [],
    ),
  );
  return { group, firstMs: Math.min(...begins), lastBeginMs: Math.max(...begins), upMs: Math.max(...ups) };
}

const applies = (execution: Execution, { failoverTypes, directions }: Action): boolean => {
  const { direction } = execution;
  if (direction === "mixed") return false; // which actions apply depends on the items
  const types = verbsOf(execution).map(failoverTypeOf);
  return types.every((type) => type !== null && failoverTypes.includes(type)) && directions.includes(direction);
};

/**
 * When an action was done, according to the webhook call or the confirmation, or skipped by a person; Infinity when it
 * never was.
 */
function doneMs(facts: Facts, { executionId }: Execution, action: Action): number {
  const confirmed = decisionsOf(facts, executionId, "confirm").find(
    ({ made }) => made.actionId === action.id && made.done && (action.kind === "manual" || made.skipped === true),
  );
  if (confirmed !== undefined) return confirmed.atMs;
  const calls = facts.evidence.effects.webhooks.filter(
    (call) => call.executionId === executionId && call.actionId === action.id && call.answered,
  );
  return Math.min(...calls.map(({ atMs }) => atMs));
}

/** Whether an action is passed over because the approval that it wants was declined, or not given in time. */
function isNotApproved(facts: Facts, { approvals = [] }: Plan, { executionId }: Execution, action: Action): boolean {
  const wanted = approvals.filter(
    ({ before, onDecline }) => before.kind === "action" && before.actionId === action.id && onDecline === "skip",
  );
  const ended = [...approvalsOf(facts).values()].flatMap((writes) => writes.at(-1)?.record ?? []);
  return ended.some(
    ({ content, status }) =>
      content.executionId === executionId &&
      wanted.some(({ id }) => id === content.requirementId) &&
      (status === "declined" || status === "expired"),
  );
}

/** Actions whose failure ends the execution, and that were not done when the next group began. */
function actionsUndone(facts: Facts, plan: Plan, execution: Execution, earlier: Worked, later: Worked): string[] {
  const { group } = earlier;
  const otherwise = verbsOf(execution).map((verb) => failurePolicyOf(plan, verb).onActionFailure);
  // Nothing is done for a group that does not take part.
  const takesPart = group.items.some(({ id }) => execution.itemIds.includes(id)) && !isPassedOver(plan, earlier);
  return [...(takesPart ? group.after : []), ...later.group.before].flatMap((action) => {
    const words = action.onFailure === undefined ? otherwise : [action.onFailure];
    if (!applies(execution, action) || !words.every((word) => word === "stop" || word === "undo")) return [];
    if (isNotApproved(facts, plan, execution, action)) return [];
    return doneMs(facts, execution, action) <= later.firstMs ? [] : [`the action ${action.id} was not done`];
  });
}

/** Nor for one that was passed over because nobody approved it. */
const isPassedOver = ({ approvals = [] }: Plan, { group: { id }, firstMs }: Worked): boolean =>
  firstMs === Infinity &&
  approvals.some(({ before, onDecline }) => before.kind === "group" && before.groupId === id && onDecline === "skip");

function outOfOrder(facts: Facts, plan: Plan, execution: Execution, earlier: Worked, later: Worked): string[] {
  if (later.firstMs === Infinity) return [];
  const { group, lastBeginMs, upMs } = earlier;
  return [
    ...(lastBeginMs > later.firstMs ? [`work on group ${group.id} began at ${moment(lastBeginMs)}`] : []),
    ...(upMs > later.firstMs ? [`group ${group.id} was up at ${moment(upMs)}`] : []),
    ...actionsUndone(facts, plan, execution, earlier, later),
  ];
}

/**
 * What all versions of a plan agree on: groups with their common items and actions, and the groups before each. An edit
 * may change anything else of a group that has not begun.
 */
function agreed([first, ...others]: readonly Plan[]): { groups: PlanGroup[]; before: Map<string, Set<string>> } {
  const groups = (first?.groups ?? []).flatMap((group) => {
    const same = others.map(({ groups: all }) => all.find(({ id }) => id === group.id));
    const isIn = <T>(one: T, of: (other: PlanGroup) => readonly T[]): boolean =>
      same.every((other) => other && of(other).some((candidate) => JSON.stringify(candidate) === JSON.stringify(one)));
    if (same.includes(undefined)) return [];
    const items = group.items.filter((item) => same.every((other) => other?.items.some(({ id }) => id === item.id)));
    const before = group.before.filter((action) => isIn(action, (other) => other.before));
    return [{ ...group, items, before, after: group.after.filter((action) => isIn(action, (other) => other.after)) }];
  });
  const orders = others.map(groupsBefore);
  const before = first === undefined ? new Map<string, Set<string>>() : groupsBefore(first);
  for (const [id, earlier] of before) {
    for (const other of earlier) if (!orders.every((order) => order.get(id)?.has(other))) earlier.delete(other);
  }
  return { groups, before };
}

/** I7: a group begins when the groups before it are up and the actions between them are done. */
export function groupsInOrder(facts: Facts): Violation[] {
  return [...facts.executions.values()].flatMap(({ record }) => {
    const plan = planOf(facts, record);
    if (plan === undefined || !IN_ORDER.has(record.verb)) return [];
    const { groups, before: orders } = agreed(versionsOf(facts, record).map((version) => version.plan));
    const worked = new Map(groups.map((group) => [group.id, workedOn(facts, record, group)]));
    return [...orders].flatMap(([id, before]) => {
      const later = worked.get(id);
      return [...before].flatMap((other) => {
        const earlier = worked.get(other);
        if (earlier === undefined || later === undefined) return [];
        const wrong = outOfOrder(facts, plan, record, earlier, later);
        if (wrong.length === 0) return [];
        const what = `${record.verb} ${record.executionId} began group ${id} at ${moment(later.firstMs)}, but ${wrong.join(", ")}`;
        return [violation("I7", what, earlier, later)];
      });
    });
  });
}
