import type { Approval } from "../../../src/domain/approvals/approval.js";
import type { ApprovalRequirement } from "../../../src/domain/approvals/requirement.js";
import { appliesTo } from "../../../src/domain/approvals/requirement-rules.js";
import type { Execution } from "../../../src/domain/execution.js";
import type { Plan } from "../../../src/domain/plans/plan.js";
import type { OperationName } from "../../../src/hypervisor/port.js";
import { type ApprovalWrite, approvalsOf, arrivalsAt } from "./approval-records.js";
import type { Facts } from "./facts.js";
import { planOf, verbsOf, versionsOf } from "./plans.js";
import { moment, type Violation, violation } from "./violation.js";

const COMMITTING: ReadonlySet<OperationName> = new Set(["delete-recovery-points", "remove-old-machine"]);
const STARTING: ReadonlySet<OperationName> = new Set([
  "stop-replication",
  "promote-replica",
  "start-replica",
  "promote-test-copy",
]);

/** Something that an execution did to the estate, or a call that it made. */
interface Done {
  atMs: number;
  what: string;
  operation: OperationName | null;
  itemId: string | null;
  actionId: string | null;
}

/**
 * I13: whatever an approval stands before happens only after such an approval was used, by this execution, for the
 * version of the plan that it runs, and for the item to which it happens.
 */
export function nothingBeforeItsApproval(facts: Facts): Violation[] {
  return [...facts.executions.values()].flatMap(({ record }) => {
    const plan = planOf(facts, record);
    const guards = requirementsOf(facts, record).filter((requirement) =>
      verbsOf(record).every((verb) => appliesTo(requirement, { ...record, verb })),
    );
    if (plan === undefined || guards.length === 0) return [];
    const done = doneBy(facts, record.executionId);
    return guards.flatMap((requirement) => {
      const uses = usesOf(facts, record, requirement);
      const behind = done.filter((one) => isBehind(plan, requirement, record, one));
      const early = behind.filter(({ itemId, atMs }) => atMs < firstUse(uses, itemId));
      return early.slice(0, 1).map(({ what, atMs, itemId }) => {
        const usedMs = firstUse(uses, itemId);
        const since = usedMs === Infinity ? "that was never used" : `used at ${moment(usedMs)}`;
        const text = `${what} of ${record.executionId} began at ${moment(atMs)}, behind the approval ${requirement.id}, ${since}`;
        return violation("I13", text, requirement, record);
      });
    });
  });
}

/** Those of the version that it started with and of every one that it was edited to. */
function requirementsOf(facts: Facts, record: Execution): readonly ApprovalRequirement[] {
  const [first, ...others] = versionsOf(facts, record).map(({ plan }) => plan);
  return (first?.approvals ?? []).filter(({ id, before }) =>
    others.every(({ approvals = [] }) =>
      approvals.some((other) => other.id === id && JSON.stringify(other.before) === JSON.stringify(before)),
    ),
  );
}

/** The uses of the approvals of a requirement that are bound to this execution and its version. */
function usesOf(facts: Facts, record: Execution, { id }: ApprovalRequirement): ApprovalWrite[] {
  const numbers = versionsOf(facts, record).map(({ version }) => version);
  const isBound = ({ content }: Approval): boolean =>
    content.executionId === record.executionId &&
    content.requirementId === id &&
    numbers.includes(content.planVersion) &&
    record.subject.kind === "plan" &&
    content.planId === record.subject.planId;
  return [...approvalsOf(facts).values()].flatMap((writes: readonly ApprovalWrite[]) =>
    arrivalsAt(writes, "used").filter((write) => isBound(write.record)),
  );
}

/** When the first approval was used that is for an item; for a site or an action, the first one of all. */
function firstUse(uses: readonly ApprovalWrite[], itemId: string | null): number {
  const ofItem = uses.filter(({ record }) => itemId === null || record.content.itemIds.includes(itemId));
  return Math.min(...ofItem.map(({ atMs }) => atMs), Infinity);
}

function isBehind(plan: Plan, { before }: ApprovalRequirement, { verb }: Execution, done: Done): boolean {
  switch (before.kind) {
    case "start":
      return true;
    case "commit":
      return verb === "commit" || (done.operation !== null && COMMITTING.has(done.operation));
    case "group": {
      const items = plan.groups.find(({ id }) => id === before.groupId)?.items ?? [];
      const isStart = done.operation !== null && STARTING.has(done.operation);
      return isStart && items.some(({ id }) => id === done.itemId);
    }
    case "action":
      return done.actionId === before.actionId;
  }
}

/** Everything that began under the keys of an execution, and the calls of its actions. */
function doneBy(facts: Facts, executionId: string): Done[] {
  const ofEstate = [
    ...facts.items.map(({ item, begins }) => ({ itemId: item.itemId, begins })),
    ...facts.sites.map(({ begins }) => ({ itemId: null, begins })),
  ].flatMap(({ itemId, begins }) =>
    begins.flatMap(({ key, operation, beganMs }): Done[] =>
      key.executionId === executionId
        ? [{ atMs: beganMs, what: `${operation} (${itemId ?? "site"})`, operation, itemId, actionId: null }]
        : [],
    ),
  );
  const calls = facts.evidence.effects.webhooks.flatMap((call): Done[] => {
    const { atMs, actionId } = call;
    if (call.executionId !== executionId) return [];
    return [{ atMs, what: `the call of ${actionId}`, operation: null, itemId: null, actionId }];
  });
  return [...ofEstate, ...calls];
}
