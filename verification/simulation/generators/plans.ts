import type { PlanInput } from "../../../src/domain/plans/plan.js";
import { OnFailure } from "../../../src/domain/vocabulary.js";
import type { WorldInput } from "../../../src/domain/worlds/world.js";
import type { Random } from "../random.js";

type GroupInput = PlanInput["groups"][number];
type ActionInput = NonNullable<GroupInput["before"]>[number];
type ItemInput = NonNullable<WorldInput["items"]>[number];

const WORDS = OnFailure.options;
const WITH_POLICY = ["test-failover", "planned-failover", "unplanned-failover", "failback", "full-run"] as const;

/** The plans of a world: one over all its items, sometimes a second one over some of them. */
export function generatePlans(world: WorldInput, random: Random): PlanInput[] {
  const items = world.items ?? [];
  const whole = generatePlan("plan-a", world.id, units(items), random.fork("a"));
  if (items.length < 2 || random.chance(0.6)) return [whole];
  const some = random.shuffled(units(items)).slice(0, Math.max(1, Math.ceil(units(items).length / 2)));
  return [whole, generatePlan("plan-b", world.id, some, random.fork("b"))];
}

/** Items that fail over together: the members of a replication group, or a single item. */
function units(items: readonly ItemInput[]): ItemInput[][] {
  const groups = new Map<string, ItemInput[]>();
  for (const item of items) {
    const key = item.replicationGroupId ?? item.id;
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}

/** A plan over units, in one to six groups with actions and policies. Users also create it when they change a plan. */
export function generatePlan(id: string, worldId: string, all: readonly ItemInput[][], random: Random): PlanInput {
  const count = Math.min(all.length, random.int(1, 6));
  const shuffled = random.shuffled(all);
  const members = Array.from({ length: count }, (_, at) =>
    shuffled.filter((_unit, index) => index % count === at).flat(),
  );
  const groups = members.map((items, index) => groupOf(index, items, random.fork(`group/${index}`)));
  return {
    id,
    name: id,
    worldId,
    recoveryPoint: {
      kind: random.weighted({
        latest: 5,
        "latest-processed": 2,
        "latest-app-consistent": 1,
        "latest-crash-consistent": 1,
      }),
    },
    shutdown: {
      order: random.chance(0.3) ? "reverse-group-order" : "together",
      before: actionsOf("shutdown-before", random.fork("shutdown/before"), 0.1),
      after: actionsOf("shutdown-after", random.fork("shutdown/after"), 0.1),
    },
    groups,
    failurePolicy: Object.fromEntries(
      WITH_POLICY.filter(() => random.chance(0.5)).map((verb) => [
        verb,
        { onItemFailure: random.pick(WORDS), onActionFailure: random.pick(WORDS) },
      ]),
    ),
    validation: {
      required: random.chance(0.6),
      timeLimitMinutes: random.pick([5, 30, 240]),
      onExpiry: random.chance(0.4) ? "undo" : "keep",
    },
  };
}

function groupOf(index: number, items: readonly ItemInput[], random: Random): GroupInput {
  return {
    id: `g${index}`,
    name: `Group ${index}`,
    before: actionsOf(`g${index}-before`, random.fork("before"), 0.25),
    after: actionsOf(`g${index}-after`, random.fork("after"), 0.15),
    items: items.map(({ id }) => {
      const optional = random.chance(0.15);
      return {
        id,
        criticality: optional ? "optional" : "critical",
        ...(!optional && random.chance(0.1) ? { onFailure: random.pick(WORDS) } : {}),
        ...(random.chance(0.2) ? { probes: [{ kind: "tcp", port: 443, timeLimitSeconds: 600 }] } : {}),
      };
    }),
    ...(random.chance(0.15) ? { minimumHealthy: random.int(0, items.length) } : {}),
    ...(random.chance(0.15) ? { onFailure: random.pick(WORDS) } : {}),
  };
}

function actionsOf(id: string, random: Random, probability: number): ActionInput[] {
  if (!random.chance(probability)) return [];
  const base = {
    id,
    name: id,
    failoverTypes: random.shuffled(["test", "planned", "unplanned"] as const).slice(0, random.int(1, 3)),
    directions: random.chance(0.5)
      ? (["primary-to-recovery"] as const)
      : (["primary-to-recovery", "recovery-to-primary"] as const),
    ...(random.chance(0.3) ? { onFailure: random.pick(WORDS) } : {}),
  };
  const common = { ...base, directions: [...base.directions] };
  if (random.chance(0.6)) {
    return [{ ...common, kind: "manual", instructions: "Look.", timeLimitMinutes: random.pick([2, 30, 240]) }];
  }
  return [{ ...common, kind: "webhook", url: "https://hooks.example/action", retries: random.int(0, 3) }];
}
