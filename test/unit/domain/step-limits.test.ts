import { describe, expect, test } from "vitest";
import { STEP_LIMITS, StepLimitMinutes, stepLimitsOf } from "../../../src/domain/plans/step-limits.js";
import { ITEM_OPERATIONS, SITE_OPERATIONS } from "../../../src/steps/catalogue.js";

const GENERAL = 240;

describe("L1 the limits of steps", () => {
  test.each([
    ["unplanned-failover", 15],
    ["failback", 15],
    ["promote-test", 15],
    ["planned-failover", 60],
    ["full-run", 60],
  ] as const)("a guest has its time to shut down in a %s: %d minutes", (verb, minutes) => {
    expect(stepLimitsOf({}, verb, GENERAL)["shut-down-source"]).toBe(minutes);
  });

  test("the plan's own limit applies to its verb and step only, even above the general one", () => {
    const own = StepLimitMinutes.parse({ "unplanned-failover": { "shut-down-source": 500 } });
    expect(stepLimitsOf(own, "unplanned-failover", GENERAL)).toEqual({
      ...stepLimitsOf({}, "unplanned-failover", GENERAL),
      "shut-down-source": 500,
    });
    expect(stepLimitsOf(own, "failback", GENERAL)).toEqual(stepLimitsOf({}, "failback", GENERAL));
  });

  test("a default is never above the general limit, which applies where there is none", () => {
    expect(stepLimitsOf({}, "planned-failover", 10)["shut-down-source"]).toBe(10);
    expect(stepLimitsOf({}, "reprotect", GENERAL)["reverse-replication"]).toBe(GENERAL);
  });

  test("an undo waits a shorter time for its site than the step that it undoes", () => {
    const limits = stepLimitsOf({}, "planned-failover", GENERAL);
    expect(limits["restart-source"]).toBeLessThan(limits["shut-down-source"]);
    expect(limits["demote-replica"]).toBeLessThan(limits["promote-replica"]);
  });

  test.each([
    { "unplanned-failover": { "shut-down": 5 } },
    { failover: { "shut-down-source": 5 } },
    { "unplanned-failover": { "shut-down-source": 0 } },
    { "unplanned-failover": { "shut-down-source": 43_201 } },
  ])("a limit of no step, of no verb, or out of range is refused: %j", (given) => {
    expect(StepLimitMinutes.safeParse(given).success).toBe(false);
  });
});

test("L2 every operation of a hypervisor has its limit, and nothing else", () => {
  const operations = [...Object.keys(ITEM_OPERATIONS), ...Object.keys(SITE_OPERATIONS)];
  expect(operations.filter((name) => name !== "deploy-process-server").toSorted()).toEqual(
    Object.keys(STEP_LIMITS).toSorted(),
  );
});
