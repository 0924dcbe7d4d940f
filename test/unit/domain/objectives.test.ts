import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ItemOutcome } from "../../../src/domain/execution.js";
import { measureObjectives } from "../../../src/domain/objectives.js";
import { smallPlan } from "../../suites/world.js";

const plan = smallPlan([], {
  groups: [
    { id: "db", name: "DB", items: [{ id: "a" }, { id: "b" }] },
    { id: "web", name: "Web", items: [{ id: "c" }] },
  ],
  objectives: { "unplanned-failover": { rpoSeconds: 60, rtoSeconds: 600 } },
});

const came = (itemId: string, lossSeconds: number, recoverySeconds: number) => ({
  itemId,
  outcome: "succeeded" as ItemOutcome["outcome"],
  dataLoss: { seconds: lossSeconds, writes: 1, bytes: 1 },
  recoverySeconds,
});
const failed = (itemId: string) => ({
  itemId,
  outcome: "failed" as ItemOutcome["outcome"],
  dataLoss: null,
  recoverySeconds: null,
});

describe("measured loss and recovery time", () => {
  test("of items, groups and plan against the objectives: the worst counts", () => {
    const report = measureObjectives(plan, "unplanned-failover", [
      came("a", 10, 300),
      came("b", 70, 200),
      came("c", 0, 500),
    ]);
    expect(report?.items.map(({ itemId, dataLoss }) => [itemId, dataLoss.met])).toEqual([
      ["a", true],
      ["b", false],
      ["c", true],
    ]);
    expect(report?.groups).toEqual([
      {
        groupId: "db",
        dataLoss: { objectiveSeconds: 60, measuredSeconds: 70, met: false },
        recoveryTime: { objectiveSeconds: 600, measuredSeconds: 300, met: true },
      },
      {
        groupId: "web",
        dataLoss: { objectiveSeconds: 60, measuredSeconds: 0, met: true },
        recoveryTime: { objectiveSeconds: 600, measuredSeconds: 500, met: true },
      },
    ]);
    expect(report?.plan.recoveryTime).toEqual({ objectiveSeconds: 600, measuredSeconds: 500, met: true });
  });

  test("an item that did not come up misses them; without objectives nothing is met or missed", () => {
    expect(measureObjectives(plan, "unplanned-failover", [came("a", 0, 1), failed("b")])?.plan.recoveryTime).toEqual({
      objectiveSeconds: 600,
      measuredSeconds: 1,
      met: false,
    });
    expect(measureObjectives(null, "planned-failover", [came("a", 0, 5)])?.plan.recoveryTime).toEqual({
      objectiveSeconds: null,
      measuredSeconds: 5,
      met: null,
    });
  });

  test("items that were up already do not count, and verbs that bring nothing up have none", () => {
    const already = { ...failed("a"), outcome: "already-done" as const };
    expect(measureObjectives(plan, "unplanned-failover", [already, came("b", 0, 9)])?.plan.recoveryTime.met).toBe(true);
    expect(measureObjectives(plan, "commit", [came("a", 0, 1)])).toBeNull();
  });

  test("a plan meets an objective exactly when each of its items does", () => {
    const outcome = fc.oneof(
      fc.record({ loss: fc.integer({ min: 0, max: 120 }), time: fc.integer({ min: 0, max: 1_200 }) }),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.tuple(outcome, outcome, outcome), (drawn) => {
        const outcomes = drawn.map((one, index) => {
          const id = ["a", "b", "c"][index] ?? "";
          return one === null ? failed(id) : came(id, one.loss, one.time);
        });
        const report = measureObjectives(plan, "unplanned-failover", outcomes);
        expect(report?.plan.dataLoss.met).toBe(drawn.every((one) => one !== null && one.loss <= 60));
        expect(report?.plan.recoveryTime.met).toBe(drawn.every((one) => one !== null && one.time <= 600));
      }),
    );
  });
});
