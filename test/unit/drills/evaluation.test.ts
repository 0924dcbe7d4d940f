import { expect, test } from "vitest";
import { evaluatePlans } from "../../../src/commands/drills/evaluate.js";
import { viewReadiness } from "../../../src/commands/drills/readiness.js";
import { savePlan } from "../../../src/commands/plans.js";
import { Plan } from "../../../src/domain/plans/plan.js";
import { openSmallWorld, rowsIn } from "../../support/small-services.js";
import { smallPlan } from "../../support/worlds.js";

const objectives = { "unplanned-failover": { rpoSeconds: 1 } };
const small = Plan.parse({ ...smallPlan(["item-1", "item-2"]), objectives });

test("an evaluation says what a start would say, and touches nothing but its own record", async () => {
  const { services, tables, clock } = await openSmallWorld();
  await savePlan(services, small, null, "planner");
  clock.pass(3_600);
  const before = await rowsIn(tables);
  expect(await evaluatePlans(services)).toEqual({
    changed: [{ planId: small.id, from: null, to: "never-tested" }],
    errors: [],
  });
  const after = await rowsIn(tables);
  const own = (row: string): boolean => row.startsWith("Drills evaluations/");
  expect(after.filter((row) => !own(row))).toEqual(before);
  expect(after.filter(own)).toHaveLength(1);
  const { evaluation } = await viewReadiness(services, small.id);
  expect(evaluation).toMatchObject({ verb: "unplanned-failover", wouldStart: true, planVersion: 1 });
  expect(evaluation?.outsideObjective.map(({ itemId }) => itemId)).toEqual(["item-1", "item-2"]);
});

test("a plan whose machines an execution holds keeps its last evaluation, and one that cannot be looked at holds up no other", async () => {
  const { services, take, clock } = await openSmallWorld();
  await savePlan(services, small, null, "planner");
  await savePlan(services, Plan.parse({ ...smallPlan(["item-3"]), id: "other" }), null, "planner");
  clock.pass(3_600);
  await take("item-1");
  const broken = {
    ...services,
    store: {
      ...services.store,
      getEvaluation: (planId: string) =>
        planId === "other" ? Promise.reject(new Error("no answer")) : services.store.getEvaluation(planId),
    },
  };
  expect(await evaluatePlans(broken)).toEqual({ changed: [], errors: ["plan other: no answer"] });
  expect((await evaluatePlans(services)).changed.map(({ planId }) => planId)).toEqual(["other"]);
  expect(await services.store.getEvaluation(small.id)).toBeNull();
});
