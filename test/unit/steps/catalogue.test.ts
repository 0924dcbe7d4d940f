import { expect, test } from "vitest";
import { STEP_ACTIVITIES } from "../../../src/activities/steps.js";
import { createTestNetwork } from "../../../src/activities/test-copies.js";
import { ITEM_STEPS, STEP_TITLES } from "../../../src/steps/catalogue.js";

test("S1 each step on an item has one activity, and no activity has a step without a row", () => {
  const activities = STEP_ACTIVITIES.map(({ name }) => name);
  expect(new Set(activities).size).toBe(activities.length);
  expect(activities).toEqual(expect.arrayContaining(Object.keys(ITEM_STEPS)));
  const steps = [...activities, createTestNetwork.name].filter((name) => name !== "abandon-step");
  expect(steps.filter((name) => !STEP_TITLES.has(name))).toEqual([]);
});
