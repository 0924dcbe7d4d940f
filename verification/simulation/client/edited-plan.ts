import type { Plan, PlanInput } from "../../../src/domain/plans/plan.js";
import type { Random } from "../random.js";

type Group = Plan["groups"][number];

const CHANGES = { swap: 3, "move-item": 2, "drop-item": 2, "drop-group": 1, "add-action": 3, policy: 3 };

/** A plan as somebody edits it for an execution that is under way: mostly what comes last. */
export function editedPlan(plan: Plan, random: Random): PlanInput {
  const { groups } = plan;
  const change = random.weighted(CHANGES);
  if (change === "policy") return withOtherPolicy(plan, random);
  return { ...plan, groups: changedGroups(change, groups, random).filter(({ items }) => items.length > 0) };
}

function changedGroups(change: keyof typeof CHANGES, groups: readonly Group[], random: Random): Group[] {
  const [last, previous] = [groups.at(-1), groups.at(-2)];
  const others = groups.slice(0, -2);
  if (last === undefined || previous === undefined || change === "add-action") {
    return last === undefined ? [] : [...groups.slice(0, -1), withAction(last, random)];
  }
  const moved = last.items.at(-1);
  switch (change) {
    case "swap":
      return [...others, last, previous];
    case "drop-group":
      return groups.slice(0, -1);
    case "drop-item":
      return [...others, previous, { ...last, items: last.items.slice(0, -1) }];
    default:
      return [
        ...others,
        { ...previous, items: moved === undefined ? previous.items : [...previous.items, moved] },
        { ...last, items: last.items.slice(0, -1) },
      ];
  }
}

/** One more action before a group. Each has an id of its own. */
function withAction(group: Group, random: Random): Group {
  const id = `added-${random.int(0, 1_000_000)}`;
  const everywhere = {
    failoverTypes: ["test", "planned", "unplanned"] as const,
    directions: ["primary-to-recovery", "recovery-to-primary"] as const,
  };
  const action = {
    ...({ id, name: id, kind: "manual", instructions: "Look again.", timeLimitMinutes: 30 } as const),
    ...{ failoverTypes: [...everywhere.failoverTypes], directions: [...everywhere.directions] },
  };
  return { ...group, before: [...group.before, action] };
}

const withOtherPolicy = (plan: Plan, random: Random): PlanInput => ({
  ...plan,
  validation: { ...plan.validation, timeLimitMinutes: random.pick([7, 35, 250]) },
});
