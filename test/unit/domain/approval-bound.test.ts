import { describe, expect, test } from "vitest";
import { type BoundFacts, lossCeiling, whyVoid } from "../../../src/domain/approvals/bound.js";
import { smallApproval } from "../../support/small-approval.js";

const FACTS: BoundFacts = {
  verb: "unplanned-failover",
  direction: "primary-to-recovery",
  planVersion: 1,
  planHash: "of the plan",
  savedPlanVersion: 1,
  itemIds: ["item-1"],
  recoveryPoint: { kind: "latest" },
  predictedLossSeconds: 30,
  leftovers: 0,
};

const why = (change: Partial<BoundFacts>, approval = smallApproval()) => whyVoid(approval, { ...FACTS, ...change });
const broken = { ...smallApproval(), brokenGlass: { person: "zoe", reason: "fire", at: "2026-03-02T10:00:00.000Z" } };

test("what is as it was asked for is not void", () => {
  expect(why({})).toBeNull();
  expect(why({ predictedLossSeconds: 60 })).toBeNull();
});

describe.each<[string, Partial<BoundFacts>]>([
  ["a newer version of the plan was saved", { savedPlanVersion: 2 }],
  ["the plan was removed", { savedPlanVersion: null }],
  ["another version runs", { planVersion: 2 }],
  ["the version has another content", { planHash: "other" }],
  ["another verb runs", { verb: "planned-failover" }],
  ["it goes the other way", { direction: "recovery-to-primary" }],
  ["there are other items", { itemIds: ["item-2"] }],
  ["there are more items", { itemIds: ["item-1", "item-2"] }],
  ["another recovery point is chosen", { recoveryPoint: { kind: "latest-processed" } }],
])("when %s", (_what, change) => {
  test("the approval is void, also one by break-glass", () => {
    expect(why(change)).toEqual(expect.any(String));
    expect(why(change, broken)).toEqual(expect.any(String));
  });
});

test.each<[string, Partial<BoundFacts>]>([
  ["more would be lost than the ceiling", { predictedLossSeconds: 61 }],
  ["nobody can say any more what would be lost", { predictedLossSeconds: null }],
  ["more is left behind", { leftovers: 1 }],
])("when %s, the approval is void, and whoever breaks the glass accepts that", (_what, change) => {
  expect(why(change)).toEqual(expect.any(String));
  expect(why(change, broken)).toBeNull();
});

test("the ceiling is what the plan allows, or twice what was expected already", () => {
  expect([lossCeiling(60, 30), lossCeiling(60, 90), lossCeiling(60, null), lossCeiling(null, 90)]).toEqual([
    60,
    180,
    60,
    null,
  ]);
});
