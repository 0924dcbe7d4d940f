import { describe, expect, test } from "vitest";
import { type DrillFacts, verdictOf } from "../../../../src/domain/drills/verdict.js";
import type { Execution, ItemOutcome } from "../../../../src/domain/execution.js";
import { Plan } from "../../../../src/domain/plans/plan.js";
import { toInstant } from "../../../../src/domain/text.js";
import { smallPlan } from "../../../support/worlds.js";

const AT = toInstant(Date.UTC(2026, 0, 5));
const plan = Plan.parse(smallPlan([], { groups: [{ id: "g", name: "g", items: [{ id: "m1" }, { id: "m2" }] }] }));
const outcome = (itemId: string, change: Partial<ItemOutcome> = {}): ItemOutcome => ({
  itemId,
  outcome: "succeeded",
  state: "test-failed-over",
  recoveryPoint: null,
  dataLoss: null,
  recoverySeconds: 60,
  failure: null,
  ...change,
});
const tested = (outcomes: ItemOutcome[], change: object = {}): Execution =>
  ({ status: "succeeded", outcomes, itemIds: outcomes.map(({ itemId }) => itemId), ...change }) as Execution;
const both = [outcome("m1"), outcome("m2")];

const factsOf = (change: Partial<DrillFacts> = {}): DrillFacts => ({
  at: AT,
  plan,
  test: tested(both),
  steps: [{ id: "a", title: "Start", status: "succeeded" }],
  actions: [],
  timings: [],
  past: [],
  sizes: new Map(),
  measures: null,
  checks: [],
  exposed: [],
  cleanUpFailure: null,
  leftovers: [],
  production: { changes: [], byOthers: [] },
  tookOver: null,
  failureDrill: null,
  ...change,
});
const failure = { code: "leftovers", message: "the copy hangs" };
const measured = { dataLossSeconds: 1, recoverySeconds: 1, rpoMet: true, rtoMet: true };

describe("the verdict on a drill", () => {
  test("is passed without a reason when all is well (V1)", () => {
    expect(verdictOf(factsOf())).toMatchObject({ result: "passed", because: [], steps: { executed: 1 } });
  });

  test.each<[string, Partial<DrillFacts>, string]>([
    ["a machine failed", { test: tested([outcome("m1"), outcome("m2", { outcome: "failed", failure })]) }, "m2 failed"],
    ["the test failed", { test: tested(both, { status: "failed", failure }) }, "the test failed: the copy hangs"],
    [
      "a check failed",
      { checks: [{ itemId: "m1", passed: false, saw: "port 80" }] },
      "did not pass its checks: port 80",
    ],
    ["the time was missed", { measures: { ...measured, rtoMet: false } }, "recovery time objective"],
    ["the loss was too large", { measures: { ...measured, rpoMet: false } }, "recovery point objective"],
    ["the clean-up failed", { cleanUpFailure: "no answer" }, "the clean-up is no success: no answer"],
    ["something is left", { leftovers: ["test copy c"] }, "still there: test copy c"],
    ["nobody could look", { leftovers: null }, "whether something is left"],
    ["production changed", { production: { changes: ["m1: epoch"], byOthers: [] } }, "m1: epoch"],
    ["production is unknown", { production: null }, "whether production was touched"],
    ["a copy was exposed", { exposed: ["m1 ran in lan"] }, "m1 ran in lan"],
  ])("is failed when %s, and says so (V1, V4)", (_what, change, text) => {
    const { result, because } = verdictOf(factsOf(change));
    expect(result).toBe("failed");
    expect(because.join("\n")).toContain(text);
  });

  test("what could not be looked at is unknown, not untouched", () => {
    expect(verdictOf(factsOf({ production: null })).production.untouched).toBeNull();
  });

  test("is incomplete when a machine was not drilled, which is named with the reason (V2)", () => {
    const leftOut = [
      { itemId: "m2", outcome: "left-out", failure: { code: "prerequisites-failed", message: "no quota" } },
    ];
    const { result, because, items } = verdictOf(factsOf({ test: tested([outcome("m1")], { leftOut }) }));
    expect(result).toBe("incomplete");
    expect(because).toEqual(["1 machine not drilled: m2", "m2: no quota"]);
    expect(items).toMatchObject([{ drilled: true }, { drilled: false, outcome: "left-out", because: "no quota" }]);
  });

  test("is incomplete when people promoted or removed the test", () => {
    expect(verdictOf(factsOf({ tookOver: "people promoted it" }))).toMatchObject({
      result: "incomplete",
      because: ["people promoted it"],
    });
  });

  test("lists the steps that were planned and not done", () => {
    const steps = [
      { id: "a", title: "Start", status: "succeeded" as const, itemId: "m1" },
      { id: "b", title: "Look", status: "skipped" as const, itemId: "m2" },
    ];
    expect(verdictOf(factsOf({ steps })).steps).toEqual({ executed: 1, notExecuted: ["Look of m2: skipped"] });
  });

  test("a criterion that the policy does not have is none", () => {
    const lenient = Plan.parse({ ...plan, drill: { passCriteria: { recoveryTime: false } } });
    expect(verdictOf(factsOf({ plan: lenient, measures: { ...measured, rtoMet: false } })).result).toBe("passed");
  });
});
