import type { Execution, Step, StepRecord } from "../../../src/domain/execution.js";
import { planHash } from "../../../src/domain/identity.js";
import type { Plan } from "../../../src/domain/plans/plan.js";
import { sha256 } from "../../support/hash.js";
import { type Facts, hasEnded } from "./facts.js";
import { versionOf, versionsOf } from "./plans.js";
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

/** A group or an action is known when any of the versions has it. */
function unknownParts(plans: readonly Plan[], steps: readonly Step[]): string[] {
  const { groups, actions } = namesOf(steps);
  const known = new Set(plans.flatMap((plan) => plan.groups.map(({ id }) => id)));
  const all = plans.flatMap((plan) => plan.groups.flatMap(({ before, after }) => [...before, ...after]));
  const ofShutdown = plans.flatMap(({ shutdown }) => [...shutdown.before, ...shutdown.after]);
  const knownActions = new Set([...all, ...ofShutdown].map(({ id }) => id));
  return [
    ...[...groups].filter((id) => !known.has(id)).map((id) => `unknown group ${id}`),
    ...[...actions].filter((id) => !knownActions.has(id)).map((id) => `unknown action ${id}`),
  ];
}

/** Verbs that start the groups of a plan in order. */
const BY_GROUPS: ReadonlySet<string> = new Set(["test-failover", "planned-failover", "unplanned-failover"]);

/** Groups that a successful failover never reached, although all versions have them. A request may leave groups out. */
function missingGroups([first, ...others]: readonly Plan[], execution: Execution, steps: readonly Step[]): string[] {
  if (first === undefined || execution.status !== "succeeded" || !BY_GROUPS.has(execution.verb)) return [];
  const { groups } = namesOf(steps);
  const took = new Set(execution.itemIds);
  const isMember = (plan: Plan, id: string, itemId: string): boolean =>
    plan.groups.some((group) => group.id === id && group.items.some((item) => item.id === itemId));
  return first.groups.flatMap(({ id, items }) => {
    const stays = items.filter((item) => took.has(item.id) && others.every((plan) => isMember(plan, id, item.id)));
    return groups.has(id) || stays.length === 0 ? [] : [`no step of group ${id}`];
  });
}

/** The items that the versions have in each group. */
function membersOf(plans: readonly Plan[], nameOf: (groupId: string) => string): Map<string, Set<string>> {
  const members = new Map<string, Set<string>>();
  for (const { id, items } of plans.flatMap(({ groups }) => groups)) {
    const known = members.get(nameOf(id)) ?? new Set();
    for (const item of items) known.add(item.id);
    members.set(nameOf(id), known);
  }
  return members;
}

/** Items that were reported under a group that does not contain them. */
function misplaced(plans: readonly Plan[], parts: readonly StepRecord[]): string[] {
  const members = membersOf(plans, (id) => `group-${id}`);
  return parts.flatMap(({ part, steps }) => {
    const known = members.get(part.split("/")[0] ?? "");
    const others = new Set(
      steps.flatMap(({ itemId }) => (itemId === undefined || known?.has(itemId) !== false ? [] : [itemId])),
    );
    return [...others].map((itemId) => `${itemId} in ${part}, which does not contain it`);
  });
}

/** Items that the execution's view shows under a group that does not contain them. */
function misplacedInView({ evidence }: Facts, { executionId }: Execution, plans: readonly Plan[]): string[] {
  const members = membersOf(plans, (id) => `groups/${id}`);
  const view = evidence.views.executions.find(({ execution }) => execution.executionId === executionId);
  return (view?.steps ?? []).flatMap(({ id, children = [] }) => {
    const known = members.get(id);
    const others = children.flatMap(({ itemId }) =>
      itemId === undefined || known?.has(itemId) !== false ? [] : [itemId],
    );
    return others.map((itemId) => `${itemId} in the view under ${id}, which does not contain it`);
  });
}

/** Items that an execution worked on although none of its versions of the plan contains them. */
function foreignItems({ items }: Facts, { executionId }: Execution, plans: readonly Plan[]): string[] {
  const own = new Set(plans.flatMap((plan) => plan.groups.flatMap((group) => group.items.map(({ id }) => id))));
  return items.flatMap(({ item, effects }) =>
    !own.has(item.itemId) && effects.some(({ key }) => key.executionId === executionId)
      ? [`unknown item ${item.itemId}`]
      : [],
  );
}

/**
 * I20: an execution runs the plan version with which it started, and those of its edits, whatever is saved in the
 * meantime.
 */
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
    const plans = versionsOf(facts, record).map((one) => one.plan);
    const parts = store.steps[record.executionId] ?? [];
    const kept = parts.find(({ part }) => part === "execution")?.steps ?? [];
    const wrong = [
      ...misplaced(plans, parts),
      ...unknownParts(plans, kept),
      ...(hasEnded(record) ? missingGroups(plans, record, kept) : []),
      ...misplacedInView(facts, record, plans),
      ...foreignItems(facts, record, plans),
    ];
    return wrong.length === 0 ? [] : [violation("I20", `${execution}: ${wrong.join(", ")}`, record, ...kept)];
  });
}
