import { describe, expect, test } from "vitest";
import { Plan, type PlanInput } from "../../../src/domain/plans/plan.js";
import { planDiff } from "../../../src/domain/plans/plan-diff.js";
import { smallPlan } from "../../support/worlds.js";

const before = smallPlan(["a", "b"]);
const changed = (change: Partial<PlanInput>) => planDiff(before, Plan.parse({ ...before, ...change }));
const [group] = before.groups;
if (group === undefined) throw new Error("the plan has no group");

describe("the difference between two versions of a plan", () => {
  test("is empty if nothing changed", () => {
    expect(planDiff(before, structuredClone(before))).toEqual([]);
  });

  test("compares failure policies as they are in force, including defaults", () => {
    const failurePolicy = { "planned-failover": { onItemFailure: "ask", onActionFailure: "stop" } } as const;
    expect(changed({ failurePolicy })).toEqual([
      { path: "failurePolicy/planned-failover/onItemFailure", kind: "changed", before: "stop", after: "ask" },
      { path: "failurePolicy/planned-failover/source", kind: "changed", before: "default", after: "plan" },
    ]);
  });

  test("names items and groups by their ids, whatever their position", () => {
    const items = [{ id: "b", criticality: "optional" as const }, { id: "c" }];
    const change = changed({ groups: [{ ...group, minimumHealthy: 1, items }] });
    expect(change.map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      `removed groups/${group.id}/items/a`,
      `changed groups/${group.id}/items/b/criticality`,
      `added groups/${group.id}/items/c`,
      `added groups/${group.id}/minimumHealthy`,
    ]);
  });

  test("shows the order of groups that both have", () => {
    const first = { ...group, id: "first", items: [{ id: "c" }] };
    const two = Plan.parse({ ...before, groups: [first, ...before.groups] });
    const turned = Plan.parse({ ...before, groups: [...before.groups, first] });
    expect(planDiff(two, turned)).toEqual([
      { path: "groups/order", kind: "changed", before: ["first", group.id], after: [group.id, "first"] },
    ]);
  });
});
