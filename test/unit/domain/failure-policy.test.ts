import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  afterAction,
  afterGroup,
  endStatus,
  failurePolicyOf,
  groupIsHealthy,
  isEnded,
} from "../../../src/domain/failure-policy.js";
import { ExecutionStatus, Verb } from "../../../src/domain/vocabulary.js";
import { smallPlan } from "../../suites/world.js";

const plan = smallPlan(["a"]);
const critical = (outcome: "succeeded" | "failed" | "already-done") => ({ criticality: "critical" as const, outcome });
const optional = (outcome: "succeeded" | "failed") => ({ criticality: "optional" as const, outcome });
const planned = failurePolicyOf(plan, "planned-failover");
const unplanned = failurePolicyOf(plan, "unplanned-failover");

describe("what goes on after a failure (B.5)", () => {
  test("planned stops, every other verb goes on", () => {
    const stopping = Verb.options.filter((verb) => failurePolicyOf(plan, verb).onItemFailure === "stop");
    expect(stopping).toEqual(["planned-failover"]);
  });

  test("the plan may say otherwise per verb", () => {
    const other = smallPlan(["a"], {
      failurePolicy: { "planned-failover": { onItemFailure: "continue", onActionFailure: "stop" } },
    });
    expect(failurePolicyOf(other, "planned-failover").onItemFailure).toBe("continue");
    expect(failurePolicyOf(other, "unplanned-failover").onItemFailure).toBe("continue");
  });

  test.each([
    ["all started", [critical("succeeded"), critical("already-done")], {}, "continue"],
    ["a critical one failed", [critical("succeeded"), critical("failed")], {}, "stop"],
    ["an optional one failed", [critical("succeeded"), optional("failed")], {}, "continue"],
    [
      "enough of a group started",
      [critical("succeeded"), critical("succeeded"), critical("failed")],
      { minimumHealthy: 2 },
      "continue",
    ],
    ["too few of a group started", [critical("succeeded"), optional("failed")], { minimumHealthy: 2 }, "stop"],
  ] as const)("planned, %s", (_, members, group, expected) => {
    expect(afterGroup(planned, group, members)).toBe(expected);
    expect(afterGroup(unplanned, group, members)).toBe("continue");
    expect(groupIsHealthy(group, members)).toBe(expected === "continue");
  });

  test("an action's own word counts more than the policy's", () => {
    expect(afterAction(planned, {})).toBe("stop");
    expect(afterAction(planned, { onFailure: "continue" })).toBe("continue");
    expect(afterAction(unplanned, { onFailure: "stop" })).toBe("stop");
  });
});

describe("the status of an ended execution", () => {
  const outcomes = fc.array(
    fc.record({ outcome: fc.constantFrom("succeeded", "failed", "skipped", "already-done", "cancelled") }),
    { minLength: 1, maxLength: 20 },
  );

  test("is truthful whatever happened", () => {
    fc.assert(
      fc.property(outcomes, fc.integer({ min: 0, max: 2 }), fc.boolean(), (all, failedActions, cancelled) => {
        const status = endStatus({ outcomes: all, failedActions, cancelled });
        const good = all.filter(({ outcome }) => outcome === "succeeded" || outcome === "already-done").length;
        expect(status === "succeeded").toBe(!cancelled && failedActions === 0 && good === all.length);
        expect(status === "failed").toBe(!cancelled && good === 0);
        expect(status === "cancelled").toBe(cancelled);
      }),
    );
  });

  test.each([
    [["succeeded", "already-done"], 0, "succeeded"],
    [["succeeded", "succeeded"], 1, "succeeded-with-failures"],
    [["succeeded", "skipped"], 0, "succeeded-with-failures"],
    [["failed", "skipped"], 0, "failed"],
  ] as const)("of %j with %i failed actions is %s", (all, failedActions, expected) => {
    const outcomes = all.map((outcome) => ({ outcome }));
    expect(endStatus({ outcomes, failedActions, cancelled: false })).toBe(expected);
  });

  test("is one of those that do not change", () => {
    const lasting = ExecutionStatus.options.filter(isEnded);
    expect(lasting).toEqual(["succeeded", "succeeded-with-failures", "failed", "cancelled"]);
  });
});
