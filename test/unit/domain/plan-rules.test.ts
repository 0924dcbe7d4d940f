import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Plan, type PlanInput } from "../../../src/domain/plans/plan.js";
import {
  groupsInOrder,
  planActions,
  planItemIds,
  planProblems,
  planWarnings,
} from "../../../src/domain/plans/plan-rules.js";
import { smallPlan } from "../../support/worlds.js";

const known = (id: string, replicationGroupId: string | null = null) => ({
  itemId: id,
  scenario: "vmware-to-azure" as const,
  replicationGroupId,
});
const group = (id: string, items: string[], more: object = {}) => ({
  id,
  name: id,
  items: items.map((itemId) => ({ id: itemId })),
  ...more,
});
const planOf = (groups: PlanInput["groups"], more: Partial<PlanInput> = {}) => smallPlan([], { groups, ...more });
const manual = (id: string, more: object = {}) => ({
  id,
  name: id,
  kind: "manual" as const,
  instructions: "Look",
  failoverTypes: ["planned" as const],
  ...more,
});
const items = [known("a"), known("b"), known("c", "rg"), known("d", "rg")];

describe("a plan", () => {
  test("without a mistake has no problems", () => {
    expect(planProblems(planOf([group("g1", ["a"]), group("g2", ["b", "c", "d"])]), items)).toEqual([]);
  });

  test.each([
    [
      "an item in two groups",
      [group("g1", ["a"]), group("g2", ["a"])],
      "item a is in group g2 and already in group g1",
    ],
    ["an item twice in one group", [group("g1", ["a", "a"])], "already in group g1"],
    ["an empty group", [group("g1", ["a"]), group("g2", [])], "group g2 has no items"],
    ["an unknown item", [group("g1", ["zzz"])], "item zzz is not in world small"],
    ["two groups of one id", [group("g1", ["a"]), group("g1", ["b"])], "two groups have the id g1"],
    ["an unknown dependency", [group("g1", ["a"], { dependsOn: ["g9"] })], "depends on group g9"],
    ["a group that waits for itself", [group("g1", ["a"], { dependsOn: ["g1"] })], "groups g1 wait for one another"],
    ["a cycle", [group("g1", ["a"], { dependsOn: ["g2"] }), group("g2", ["b"])], "groups g1, g2 wait for one another"],
    [
      "too many healthy items asked for",
      [group("g1", ["a"], { minimumHealthy: 2 })],
      "wants 2 healthy items and has 1",
    ],
    [
      "a split replication group",
      [group("g1", ["c"]), group("g2", ["d"])],
      "replication group rg must be in one group",
    ],
    ["half a replication group", [group("g1", ["c"])], "d in none"],
    [
      "a word on the failure of an optional item",
      [group("g1", ["a"], { items: [{ id: "a", criticality: "optional", onFailure: "stop" }] })],
      "item a is optional",
    ],
    [
      "two actions of one id",
      [group("g1", ["a"], { before: [manual("x")], after: [manual("x")] })],
      "two actions have the id x",
    ],
  ])("with %s is refused", (_, groups, problem) => {
    expect(planProblems(planOf(groups), items).join("\n")).toContain(problem);
  });

  test("with one custom recovery point for all items is refused (A4)", () => {
    const plan = planOf([group("g1", ["a"])], { recoveryPoint: { kind: "custom", pointId: "p" } });
    expect(planProblems(plan, items).join()).toContain("custom recovery point");
  });

  test("with more than 2,000 items is refused; above the limits of Site Recovery it has warnings", () => {
    const ids = Array.from({ length: 2_001 }, (_, index) => `i${index}`);
    const plan = planOf([group("g1", ids.slice(0, 2_000)), group("g2", ids.slice(2_000))]);
    expect(
      planProblems(
        plan,
        ids.map((id) => known(id)),
      ).join(),
    ).toContain("2001 items; the limit is 2000");
    const large = planOf(ids.slice(0, 8).map((id, index) => group(`g${index}`, [id])));
    expect(planWarnings(large)).toEqual(["8 groups; Azure Site Recovery takes at most 7 in a plan"]);
    expect(planWarnings(planOf([group("g1", ids.slice(0, 101))]))[0]).toContain("101 items");
  });

  test.each([
    ["an action that never runs", { groups: [group("g", ["a"], { before: [manual("x", { failoverTypes: [] })] })] }],
    ["an unknown key", { groups: [group("g", ["a"])], surprise: true }],
    ["no group", { groups: [] }],
    ["an id with a slash", { groups: [group("g/1", ["a"])] }],
    [
      "a webhook to a file",
      { groups: [group("g", ["a"], { before: [{ ...manual("x"), kind: "webhook", url: "file:///x" }] })] },
    ],
  ])("with %s does not parse", (_, changes) => {
    expect(Plan.safeParse({ id: "p", name: "P", worldId: "small", ...changes }).success).toBe(false);
  });

  test("lists its items and actions with their positions", () => {
    const plan = planOf([group("g1", ["a"], { before: [manual("b1")], after: [manual("a1")] }), group("g2", ["b"])], {
      shutdown: { before: [manual("s1")], after: [manual("s2")] },
    });
    expect(planItemIds(plan)).toEqual(["a", "b"]);
    expect(planActions(plan).map(({ place, action }) => `${action.id} ${place}`)).toEqual([
      "s1 before the shutdown",
      "s2 after the shutdown",
      "b1 before group g1",
      "a1 after group g1",
    ]);
  });
});

describe("the order of groups", () => {
  const orderOf = (plan: Plan) => groupsInOrder(plan).map(({ id }) => id);

  test("is that of the list, unless a group names its dependencies", () => {
    expect(orderOf(planOf([group("g1", ["a"]), group("g2", ["b"]), group("g3", ["c"])]))).toEqual(["g1", "g2", "g3"]);
    const named = [
      group("g1", ["a"], { dependsOn: ["g3"] }),
      group("g2", ["b"], { dependsOn: [] }),
      group("g3", ["c"]),
    ];
    expect(orderOf(planOf(named))).toEqual(["g2", "g3", "g1"]);
  });

  test("a cycle has no order", () => {
    expect(() => groupsInOrder(planOf([group("g1", ["a"], { dependsOn: ["g1"] })]))).toThrow("[plan-invalid]");
  });

  test("has every group once, after its dependencies, or the plan is refused as cyclic", () => {
    const graph = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(graph, (edges) => {
        const groups = edges.map((needs, index) =>
          group(`g${index}`, ["a"], { dependsOn: needs.filter((to) => to < edges.length).map((to) => `g${to}`) }),
        );
        const plan = planOf(groups);
        const cyclic = planProblems(plan, items).some((problem) => problem.includes("wait for one another"));
        if (cyclic) {
          expect(() => groupsInOrder(plan)).toThrow();
          return;
        }
        const order = orderOf(plan);
        expect(order.toSorted()).toEqual(plan.groups.map(({ id }) => id).toSorted());
        for (const { id, dependsOn = [] } of plan.groups) {
          expect(dependsOn.filter((other) => order.indexOf(other) >= order.indexOf(id))).toEqual([]);
        }
      }),
    );
  });
});
