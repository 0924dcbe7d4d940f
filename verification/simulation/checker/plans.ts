import type { Execution } from "../../../src/domain/execution.js";
import type { Plan, PlanVersion } from "../../../src/domain/plans/plan.js";
import type { Facts } from "./facts.js";

/** The plan version that an execution started with, according to what clients saved; undefined for a single item. */
export function versionOf({ evidence }: Facts, { subject }: Execution): PlanVersion | undefined {
  if (subject.kind === "item") return undefined;
  return evidence.plans.find(({ plan, version }) => plan.id === subject.planId && version === subject.planVersion);
}

export const planOf = (facts: Facts, execution: Execution): Plan | undefined => versionOf(facts, execution)?.plan;

/** For each group, the ids of all groups that must start before it, directly or indirectly. */
export function groupsBefore({ groups }: Plan): Map<string, Set<string>> {
  const direct = new Map(
    groups.map(({ id, dependsOn }, index) => {
      const previous = groups[index - 1];
      return [id, dependsOn ?? (previous === undefined ? [] : [previous.id])] as const;
    }),
  );
  const all = new Map<string, Set<string>>();
  const before = (id: string): Set<string> => {
    const known = all.get(id);
    if (known !== undefined) return known;
    const found = new Set<string>();
    all.set(id, found);
    for (const other of direct.get(id) ?? []) {
      found.add(other);
      for (const further of before(other)) found.add(further);
    }
    return found;
  };
  for (const { id } of groups) before(id);
  return all;
}
