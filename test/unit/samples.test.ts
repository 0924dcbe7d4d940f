import { expect, test } from "vitest";
import { planProblems, planWarnings } from "../../src/domain/plan-rules.js";
import { worldProblems } from "../../src/domain/world-rules.js";
import { shopPlan, shopWorld } from "../suites/world.js";

test("the shop's world and plan break no rule", () => {
  const world = shopWorld();
  const plan = shopPlan();

  expect(worldProblems(world)).toEqual([]);
  const items = world.items.map(({ id, scenario, replicationGroupId }) => ({
    itemId: id,
    scenario,
    replicationGroupId: replicationGroupId ?? null,
  }));
  expect(planProblems(plan, items)).toEqual([]);
  expect(planWarnings(plan)).toEqual([]);
  expect(
    world.items.map(({ scenario }) => scenario).filter((scenario) => scenario === "physical-to-azure"),
  ).toHaveLength(2);
});
