import { describe, expect, test } from "vitest";
import { predict, regressionsOf, type Timing, timingsOf } from "../../../../src/domain/drills/prediction.js";
import type { Step } from "../../../../src/domain/execution.js";
import { Plan } from "../../../../src/domain/plans/plan.js";
import { toInstant } from "../../../../src/domain/text.js";
import { smallPlan } from "../../../support/worlds.js";

const plan = Plan.parse(
  smallPlan([], {
    groups: [
      { id: "data", name: "data", items: [{ id: "m1" }, { id: "m2" }] },
      { id: "front", name: "front", items: [{ id: "m3" }] },
    ],
  }),
);
const sizes = new Map([
  ["m1", "small" as const],
  ["m2", "large" as const],
  ["m3", "small" as const],
]);
const timing = (step: string, size: Timing["size"], ...seconds: number[]): Timing => ({ step, size, seconds });
const step = (id: string, from: number, until: number, more: Partial<Step> = {}): Step => {
  const at = (second: number) => toInstant(Date.UTC(2026, 0, 1) + second * 1_000);
  return { id, title: id, status: "succeeded", startedAt: at(from), endedAt: at(until), ...more };
};

describe("timings of a drill", () => {
  test("are those of its steps that succeeded, by kind and size, in seconds of the estate", () => {
    const children = [
      step("groups/data/items/m1/start", 5, 9, { itemId: "m1" }),
      step("groups/data/items/m2/start", 5, 25, { itemId: "m2" }),
      step("groups/front/items/m3/start", 30, 36, { itemId: "m3", status: "failed" }),
    ];
    const steps = [step("prerequisites", 0, 5), step("groups/data", 5, 36, { children })];
    expect(timingsOf(steps, sizes, 2)).toEqual([
      timing("prerequisites", null, 10),
      timing("start", "small", 8),
      timing("start", "large", 40),
    ]);
  });

  test("of many steps of one kind keep the fastest, the slowest and some in between", () => {
    const many = Array.from({ length: 500 }, (_, at) =>
      step(`items/m1/start-${at}/start`, 0, at + 1, { itemId: "m1" }),
    );
    const [only] = timingsOf(many, sizes, 1);
    expect(only?.seconds).toHaveLength(20);
    expect([only?.seconds.at(0), only?.seconds.at(-1)]).toEqual([1, 500]);
  });
});

describe("a prediction", () => {
  const past = [
    [timing("prerequisites", null, 10), timing("start", "small", 4, 6, 8), timing("start", "large", 40)],
    [timing("prerequisites", null, 20), timing("start", "small", 6), timing("start", "large", 60)],
  ];

  test("adds the slowest machine of each group to the steps of the plan (T2)", () => {
    const { medianSeconds, criticalPath, drills, unknown } = predict(plan, sizes, past);
    expect(criticalPath.map(({ itemId, medianSeconds: usual }) => [itemId, usual])).toEqual([
      [null, 10],
      ["m2", 40],
      ["m3", 6],
    ]);
    expect([medianSeconds, drills, unknown]).toEqual([56, 2, []]);
  });

  test("uses machines of any size where none of the same was seen (T1)", () => {
    const { criticalPath } = predict(plan, new Map(), past);
    expect(criticalPath.filter(({ itemId }) => itemId !== null)).toHaveLength(2);
  });

  test("without drills knows nothing, and says of which machines", () => {
    expect(predict(plan, sizes, [])).toEqual({
      drills: 0,
      medianSeconds: null,
      p90Seconds: null,
      criticalPath: [],
      unknown: ["m1", "m2", "m3"],
    });
  });

  test("a step that took longer than it does is named as a regression (T3)", () => {
    expect(regressionsOf([timing("start", "small", 30)], past)).toEqual([
      "start of small machines took 30 s, where 6 s is usual",
    ]);
    expect(regressionsOf([timing("start", "small", 7), timing("new", null, 9)], past)).toEqual([]);
  });
});
