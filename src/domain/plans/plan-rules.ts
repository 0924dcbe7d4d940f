import { timerProblems } from "../commit-timer/timer-rules.js";
import { RecoveryError } from "../errors.js";
import type { ItemRecord } from "../items/item-record.js";
import { type Plan, type PlanGroup, type StageAction, StageVerb } from "./plan.js";

/** What the rules read of the items of the world. */
export type KnownItem = Pick<ItemRecord, "itemId" | "scenario" | "replicationGroupId">;

/** Limits of Azure Site Recovery. A plan may exceed them and gets a warning. */
const ASR_MAX_ITEMS = 100;
const ASR_MAX_GROUPS = 7;
const MAX_ITEMS = 2_000;

const duplicates = (values: readonly string[]): string[] => [
  ...new Set(values.filter((value, index) => values.indexOf(value) !== index)),
];

const itemIdsOf = (group: PlanGroup): string[] => group.items.map(({ id }) => id);

/** All items of a plan, in the order of its groups. */
export const planItemIds = (plan: Plan): string[] => plan.groups.flatMap(itemIdsOf);

function itemProblems(plan: Plan): string[] {
  const seenIn = new Map<string, string>();
  const problems: string[] = [];
  for (const group of plan.groups) {
    for (const itemId of itemIdsOf(group)) {
      const other = seenIn.get(itemId);
      if (other !== undefined) problems.push(`item ${itemId} is in group ${group.id} and already in group ${other}`);
      else seenIn.set(itemId, group.id);
    }
  }
  if (seenIn.size > MAX_ITEMS) problems.push(`the plan has ${seenIn.size} items; the limit is ${MAX_ITEMS}`);
  return problems;
}

/** The failure of an optional item has no consequence, so a policy for it would never apply. */
const ineffectivePolicyProblems = (plan: Plan): string[] =>
  plan.groups
    .flatMap(({ items }) => items)
    .filter(({ criticality, onFailure }) => criticality === "optional" && onFailure !== undefined)
    .map(({ id }) => `item ${id} is optional, so its onFailure would never apply`);

function groupProblems(plan: Plan): string[] {
  const ids = plan.groups.map(({ id }) => id);
  return [
    ...duplicates(ids).map((id) => `two groups have the id ${id}`),
    ...plan.groups.flatMap((group) => {
      const unknown = (group.dependsOn ?? []).filter((id) => !ids.includes(id));
      return [
        ...(group.items.length === 0 ? [`group ${group.id} has no items`] : []),
        ...unknown.map((id) => `group ${group.id} depends on group ${id}, which the plan does not have`),
        ...((group.minimumHealthy ?? 0) > group.items.length
          ? [`group ${group.id} wants ${group.minimumHealthy} healthy items and has ${group.items.length}`]
          : []),
      ];
    }),
  ];
}

/** What a drill checks must be there to be tested. */
function drillProblems(plan: Plan): string[] {
  const ids = new Set(planItemIds(plan));
  const groups = new Set(plan.groups.map(({ id }) => id));
  const failureDrills = plan.drill?.failureDrills ?? [];
  const named = failureDrills.flatMap(({ id, faults, expect }) => [
    ...faults.map(({ target }) => ({ id, itemId: target.itemId, groupId: undefined })),
    ...expect.map(({ itemId, groupId }) => ({ id, itemId, groupId })),
  ]);
  const checked = (plan.drill?.checks ?? []).map(({ itemId }) => itemId);
  return [
    ...checked
      .filter((id) => !ids.has(id))
      .map((id) => `a check of the drill is for item ${id}, which is not in the plan`),
    ...named.flatMap(({ id, itemId, groupId }) => [
      ...(itemId === undefined || ids.has(itemId)
        ? []
        : [`failure drill ${id} names item ${itemId}, which is not in the plan`]),
      ...(groupId === undefined || groups.has(groupId)
        ? []
        : [`failure drill ${id} names group ${groupId}, which the plan does not have`]),
    ]),
    ...duplicates(failureDrills.map(({ id }) => id)).map((id) => `two failure drills have the id ${id}`),
    ...duplicates(checked).map((id) => `two checks of the drill are for item ${id}`),
  ];
}

/** Every action of a plan with its position. */
export function planActions(plan: Plan): { place: string; action: StageAction }[] {
  const at = (place: string, actions: readonly StageAction[]) => actions.map((action) => ({ place, action }));
  return [
    ...at("before the shutdown", plan.shutdown.before),
    ...at("after the shutdown", plan.shutdown.after),
    ...plan.groups.flatMap((group) => [
      ...at(`before group ${group.id}`, group.before),
      ...at(`after group ${group.id}`, group.after),
    ]),
    ...StageVerb.options.flatMap((verb) => [
      ...at(`before the ${verb}`, plan.actions?.[verb]?.before ?? []),
      ...at(`after the ${verb}`, plan.actions?.[verb]?.after ?? []),
    ]),
  ];
}

/** The groups that must start before a group: those that it names, or the one before it in the list. */
function dependenciesOf(plan: Plan, index: number): readonly string[] {
  const group = plan.groups[index];
  const previous = plan.groups[index - 1];
  return group?.dependsOn ?? (previous === undefined ? [] : [previous.id]);
}

/** Groups in a dependency cycle; empty if every group can start. */
function cyclicGroups(plan: Plan): string[] {
  let left = plan.groups.map((group, index) => ({ id: group.id, needs: dependenciesOf(plan, index) }));
  for (;;) {
    const waiting = new Set(left.map(({ id }) => id));
    const next = left.filter(({ needs }) => needs.some((id) => waiting.has(id)));
    if (next.length === left.length) return left.map(({ id }) => id);
    left = next;
  }
}

/** The groups in start order: each comes after its dependencies, otherwise in list order. */
export function groupsInOrder(plan: Plan): PlanGroup[] {
  const ordered: PlanGroup[] = [];
  let left = plan.groups.map((group, index) => ({ group, needs: dependenciesOf(plan, index) }));
  while (left.length > 0) {
    const started = new Set(ordered.map(({ id }) => id));
    const next = left.find(({ needs }) => needs.every((id) => started.has(id)));
    if (next === undefined) throw new RecoveryError("plan-invalid", `groups of plan ${plan.id} wait for one another`);
    ordered.push(next.group);
    left = left.filter((candidate) => candidate !== next);
  }
  return ordered;
}

function unknownItems(plan: Plan, known: ReadonlyMap<string, KnownItem>): string[] {
  return planItemIds(plan)
    .filter((itemId) => !known.has(itemId))
    .map((itemId) => `item ${itemId} is not in world ${plan.worldId}`);
}

/** The members of a replication group fail over together, so they must all be in one group of the plan. */
function replicationGroupProblems(plan: Plan, items: readonly KnownItem[]): string[] {
  const groupOf = new Map(
    plan.groups.flatMap((group) => itemIdsOf(group).map((itemId) => [itemId, group.id] as const)),
  );
  const replicationGroups = new Set(items.flatMap(({ replicationGroupId }) => replicationGroupId ?? []));
  return [...replicationGroups].flatMap((replicationGroupId) => {
    const members = items.filter((item) => item.replicationGroupId === replicationGroupId);
    const places = new Set(members.map(({ itemId }) => groupOf.get(itemId) ?? "none"));
    if (places.size <= 1) return [];
    const where = members.map(({ itemId }) => `${itemId} in ${groupOf.get(itemId) ?? "none"}`).join(", ");
    return [`the items of replication group ${replicationGroupId} must be in one group of the plan: ${where}`];
  });
}

/**
 * The rules that a plan breaks, as sentences; empty if it may be saved.
 * @param items all items of the world of the plan
 */
export function planProblems(plan: Plan, items: readonly KnownItem[]): string[] {
  const known = new Map(items.map((item) => [item.itemId, item]));
  const cyclic = cyclicGroups(plan);
  return [
    ...groupProblems(plan),
    ...itemProblems(plan),
    ...ineffectivePolicyProblems(plan),
    ...timerProblems(plan),
    ...drillProblems(plan),
    ...(cyclic.length > 0 ? [`groups ${cyclic.join(", ")} wait for one another`] : []),
    ...duplicates(planActions(plan).map(({ action }) => action.id)).map((id) => `two actions have the id ${id}`),
    ...(plan.recoveryPoint.kind === "custom" ? ["a plan cannot name one custom recovery point for all its items"] : []),
    ...unknownItems(plan, known),
    ...replicationGroupProblems(plan, items),
  ];
}

/** What is allowed but not recommended. */
export function planWarnings(plan: Plan): string[] {
  const count = planItemIds(plan).length;
  return [
    ...(count > ASR_MAX_ITEMS ? [`${count} items; Azure Site Recovery takes at most ${ASR_MAX_ITEMS} in a plan`] : []),
    ...(plan.groups.length > ASR_MAX_GROUPS
      ? [`${plan.groups.length} groups; Azure Site Recovery takes at most ${ASR_MAX_GROUPS} in a plan`]
      : []),
  ];
}
