import type { Execution } from "../../../src/domain/execution.js";
import type { Plan, PlanVersion } from "../../../src/domain/plans/plan.js";
import { switchOf, verbInForce } from "../../../src/domain/steering/in-force.js";
import type { Verb } from "../../../src/domain/vocabulary.js";
import type { Facts } from "./facts.js";

/** The plan version that an execution started with, according to what clients saved; undefined for a single item. */
export function versionOf({ evidence }: Facts, { subject }: Execution): PlanVersion | undefined {
  if (subject.kind === "item") return undefined;
  return evidence.plans.find(({ plan, version }) => plan.id === subject.planId && version === subject.planVersion);
}

/** The versions of its plan that an execution ran, oldest first: the first one and those of its edits. */
export function versionsOf(facts: Facts, execution: Execution): PlanVersion[] {
  const { subject, steering = [] } = execution;
  const first = versionOf(facts, execution);
  if (subject.kind === "item" || first === undefined) return [];
  const edits = steering.flatMap((one) => (one.action === "edit" ? [one.planVersion] : []));
  const saved = facts.evidence.plans.filter(({ plan }) => plan.id === subject.planId);
  return [first, ...edits.flatMap((version) => saved.find((other) => other.version === version) ?? [])];
}

/** The verbs whose rules an execution followed: that of its start, and the unplanned one after a switch. */
export const verbsOf = (execution: Execution): Verb[] =>
  switchOf(execution) === undefined ? [execution.verb] : [execution.verb, verbInForce(execution)];

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
