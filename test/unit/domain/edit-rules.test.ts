import { describe, expect, test } from "vitest";
import { Plan, type PlanInput } from "../../../src/domain/plans/plan.js";
import { type Begun, differencesInTheWay } from "../../../src/domain/steering/edit-rules.js";

const PLAN: PlanInput = {
  id: "p",
  name: "p",
  worldId: "w",
  groups: [
    { id: "one", name: "One", items: [{ id: "a" }, { id: "b" }] },
    { id: "two", name: "Two", items: [{ id: "c" }] },
    { id: "three", name: "Three", items: [{ id: "d" }] },
  ],
  approvals: [
    { id: "go", name: "Go", before: { kind: "group", groupId: "three" }, approvers: { roles: ["approver"] } },
  ],
};
const BEGUN: Begun = {
  groupIds: new Set(["one"]),
  shutdown: true,
  itemIds: new Set(["a", "b", "c", "d"]),
  leftOut: new Set(),
};
const [one, two, three] = PLAN.groups as [PlanInput["groups"][0], PlanInput["groups"][0], PlanInput["groups"][0]];
const inTheWay = (change: Partial<PlanInput>): string[] =>
  differencesInTheWay(Plan.parse(PLAN), Plan.parse({ ...PLAN, ...change }), BEGUN);

test("what has not begun may be put into another order, be left out, and change its policies", () => {
  expect(inTheWay({})).toEqual([]);
  expect(inTheWay({ groups: [one, three, two] })).toEqual([]);
  expect(inTheWay({ groups: [one, three] })).toEqual([]);
  expect(inTheWay({ groups: [one, { ...three, items: [{ id: "c", criticality: "optional" }] }] })).toEqual([]);
  expect(inTheWay({ groups: [{ ...one, name: "First" }, two, three], validation: { required: false } })).toEqual([]);
});

describe("what is in the way is named", () => {
  test.each<[string, Partial<PlanInput>, string]>([
    ["a begun group that is gone", { groups: [two, three] }, "group one has begun and is missing"],
    [
      "its items",
      { groups: [{ ...one, items: [{ id: "a" }] }, two, three] },
      "group one has begun and differs in items",
    ],
    ["its place", { groups: [two, one, three] }, "the groups that have begun come first, in the order one"],
    ["the shutdown", { shutdown: { order: "reverse-group-order" } }, "the shutdown has begun and differs"],
    ["another world", { worldId: "x" }, "the plan is for another world"],
    ["an item more", { groups: [one, two, { ...three, items: [{ id: "e" }] }] }, "the execution does not hold e"],
    [
      "a machine that would go without its approval",
      { groups: [one, { ...two, items: [{ id: "d" }] }, { ...three, items: [{ id: "c" }] }] },
      "d would leave group three, which approval go guards",
    ],
    ["an approval less", { approvals: [] }, "the approvals go are missing or differ"],
  ])("%s", (_, change, found) => {
    expect(inTheWay(change).join("; ")).toContain(found);
  });

  test("all of it at once", () => {
    expect(inTheWay({ worldId: "x", groups: [two, { ...three, items: [{ id: "e" }] }], approvals: [] })).toHaveLength(
      4,
    );
  });
});
