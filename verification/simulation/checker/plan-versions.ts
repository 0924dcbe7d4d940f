import type { Execution, Step, StepRecord } from "../../../src/domain/execution.js";
import { planHash } from "../../../src/domain/identity.js";
import type { Plan } from "../../../src/domain/plans/plan.js";
import { sha256 } from "../../support/hash.js";
import { type Facts, hasEnded } from "./facts.js";
import { versionOf } from "./plans.js";
import { type Violation, violation } from "./violation.js";

/** The names of groups and actions in an execution's own steps. */
function namesOf(steps: readonly Step[]): { groups: Set<string>; actions: Set<string> } {
  const groups = new Set<string>();
  const actions = new Set<string>();
  for (const { id } of steps) {
    const [kind, name = ""] = id.split("/");
    if (kind === "groups" || kind === "choose-recovery-point") groups.add(name);
    if (kind === "action") actions.add(name);
  }
  return { groups, actions };
}

function unknownParts(plan: Plan, steps: readonly Step[]): string[] {
  const { groups, actions } = namesOf(steps);
  const known = new Set(plan.groups.map(({ id }) => id));
  const all = plan.groups.flatMap(({ before, after }) => [...before, ...after]);
  const knownActions = new Set([...all, ...plan.shutdown.before, ...plan.shutdown.after].map(({ id }) => id));
  return [
    ...[...groups].filter((id) => !known.has(id)).map((id) => `unknown group ${id}`),
    ...[...actions].filter((id) => !knownActions.has(id)).map((id) => `unknown action ${id}`),
  ];
}

/** Verbs that start the groups of a plan in order. */
const BY_GROUPS: ReadonlySet<string> = new Set(["test-failover", "planned-failover", "unplanned-failover"]);

/** Groups of the plan that a successful failover never reached. A request may leave whole groups out. */
function missingGroups(plan: Plan, execution: Execution, steps: readonly Step[]): string[] {
  if (execution.status !== "succeeded" || !BY_GROUPS.has(execution.verb)) return [];
  const { groups } = namesOf(steps);
  const took = new Set(execution.itemIds);
  return plan.groups.flatMap(({ id, items }) =>
    groups.has(id) || !items.some((item) => took.has(item.id)) ? [] : [`no step of group ${id}`],
  );
}

/** Items that were reported under a group that does not contain them. */
function misplaced(plan: Plan, parts: readonly StepRecord[]): string[] {
  const members = new Map(plan.groups.map(({ id, items }) => [`group-${id}`, new Set(items.map((item) => item.id))]));
  return parts.flatMap(({ part, steps }) => {
    const known = members.get(part.split("/")[0] ?? "");
    const others = new Set(
      steps.flatMap(({ itemId }) => (itemId === undefined || known?.has(itemId) !== false ? [] : [itemId])),
    );
    return [...others].map((itemId) => `${itemId} in ${part}, which does not contain it`);
  });
}

/** Items that the execution's view shows under a group that does not contain them. */
function misplacedInView({ evidence }: Facts, { executionId }: Execution, plan: Plan): string[] {
  const members = new Map(plan.groups.map(({ id, items }) => [`groups/${id}`, new Set(items.map((item) => item.id))]));
  const view = evidence.views.executions.find(({ execution }) => execution.executionId === executionId);
  return (view?.steps ?? []).flatMap(({ id, children = [] }) => {
    const known = members.get(id);
    const others = children.flatMap(({ itemId }) =>
      itemId === undefined || known?.has(itemId) !== false ? [] : [itemId],
    );
    return others.map((itemId) => `${itemId} in the view under ${id}, which does not contain it`);
  });
}

/** Items that an execution worked on although its version of the plan does not contain them. */
function foreignItems({ items }: Facts, { executionId }: Execution, plan: Plan): string[] {
  const own = new Set(plan.groups.flatMap((group) => group.items.map(({ id }) => id)));
  return items.flatMap(({ item, effects }) =>
    !own.has(item.itemId) && effects.some(({ key }) => key.executionId === executionId)
      ? [`unknown item ${item.itemId}`]
      : [],
  );
}

/** I20: an execution runs the plan version with which it started, whatever is saved in the meantime. */
export function planVersionIsKept(facts: Facts): Violation[] {
  const { store } = facts.evidence;
  return [...facts.executions.values()].flatMap(({ record }) => {
    if (record.subject.kind === "item") return [];
    const { planId, planVersion } = record.subject;
    const version = versionOf(facts, record);
    const execution = `${record.verb} ${record.executionId} of ${planId} version ${planVersion}`;
    if (version === undefined) return [violation("I20", `${execution}: no such version was saved`, record)];
    const { plan } = version;
    if (record.planHash !== planHash(plan, sha256)) {
      return [violation("I20", `${execution} has the hash ${record.planHash} of another plan`, record, version)];
    }
    const parts = store.steps[record.executionId] ?? [];
    const kept = parts.find(({ part }) => part === "execution")?.steps ?? [];
    const wrong = [
      ...misplaced(plan, parts),
      ...unknownParts(plan, kept),
      ...(hasEnded(record) ? missingGroups(plan, record, kept) : []),
      ...misplacedInView(facts, record, plan),
      ...foreignItems(facts, record, plan),
    ];
    return wrong.length === 0 ? [] : [violation("I20", `${execution}: ${wrong.join(", ")}`, record, ...kept)];
  });
}
