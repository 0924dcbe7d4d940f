import { describe, expect, test } from "vitest";
import { coverageOf, type PastDrill } from "../../../../src/domain/drills/coverage.js";
import type { DrillVerdict } from "../../../../src/domain/drills/drill.js";
import { Plan, type PlanInput } from "../../../../src/domain/plans/plan.js";
import { drillRecord, machineFacts, passedVerdict } from "../../../support/drill-records.js";
import { smallPlan } from "../../../support/worlds.js";

const manual = (id: string, failoverTypes: ("test" | "planned")[]) => {
  return { id, name: id, kind: "manual" as const, instructions: "Look", failoverTypes };
};
const plan = Plan.parse(
  smallPlan([], {
    groups: [
      { id: "data", name: "data", items: [{ id: "m1" }], after: [manual("look", ["test"])] },
      { id: "front", name: "front", items: [{ id: "m2" }], before: [manual("call", ["planned"])] },
    ],
    drill: {
      failureDrills: [
        {
          id: "no-boot",
          name: "no boot",
          faults: [{ target: { itemId: "m2" }, operation: "start-test-copy", mode: "refuse" }],
          expect: [{ itemId: "m2", outcome: "failed" }],
        },
      ],
    },
  } satisfies Partial<PlanInput>),
);
const item = (itemId: string, groupId: string, drilled = true) => {
  return { itemId, groupId, drilled, outcome: drilled ? ("succeeded" as const) : ("failed" as const), because: null };
};
const both = [item("m1", "data"), item("m2", "front")];
const past = (verdict: Partial<DrillVerdict>, then = plan, failureDrillId?: string): PastDrill => ({
  drill: drillRecord(1, {
    before: { at: passedVerdict().at, items: [machineFacts("m1"), machineFacts("m2")], leftovers: [] },
    verdict: passedVerdict({ items: both, actions: ["look"], ...verdict }),
    ...(failureDrillId !== undefined && { failureDrillId }),
  }),
  plan: then,
});
const statesOf = (drills: PastDrill[]) =>
  Object.fromEntries(coverageOf(plan, 3, drills).entries.map(({ kind, id, state }) => [`${kind} ${id}`, state]));

describe("coverage", () => {
  test("without drills is nothing, and every gap says what closes it (O2)", () => {
    const { score, entries, onlyGreen } = coverageOf(plan, 3, []);
    expect([score, onlyGreen]).toEqual([0, true]);
    expect(Object.fromEntries(entries.map(({ id, closedBy }) => [id, closedBy]))).toMatchObject({
      look: "a drill that passes there",
      call: "no drill runs it: only the real verb does",
      "no-boot": "the failure drill no-boot",
      "primary-to-recovery": "a drill while the machines stand in the direction primary-to-recovery",
    });
  });

  test("a drill covers its groups, items, actions and direction, and no failure", () => {
    expect(statesOf([past({})])).toEqual({
      "group data": "exercised",
      "group front": "exercised",
      "item m1": "exercised",
      "item m2": "exercised",
      "action look": "exercised",
      "action call": "never",
      "direction primary-to-recovery": "exercised",
      "failure no-boot": "never",
    });
  });

  test("a failure drill covers its failure, and not the machine that was meant to fail", () => {
    const verdict = { items: [item("m1", "data"), item("m2", "front", false)], onlyGreen: false };
    const drills = [past(verdict, plan, "no-boot")];
    expect(statesOf(drills)).toMatchObject({
      "failure no-boot": "exercised",
      "item m2": "never",
      "group front": "never",
    });
    expect(coverageOf(plan, 3, drills).onlyGreen).toBe(false);
  });

  test("a part that changed since does not count, and the others still do (O1)", () => {
    const [data, front] = plan.groups;
    const then = Plan.parse({ ...plan, groups: [{ ...data, after: [] }, front] });
    expect(statesOf([past({}, then)])).toMatchObject({
      "group data": "changed-since",
      "action look": "changed-since",
      "item m1": "exercised",
      "group front": "exercised",
    });
  });

  test("a drill that did not run covers nothing", () => {
    expect(coverageOf(plan, 3, [past({ result: "not-run", notRun: "refused" })]).exercised).toBe(0);
  });
});
