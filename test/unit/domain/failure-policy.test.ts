import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  afterAction,
  afterAnswer,
  afterGroup,
  endStatus,
  failurePolicyOf,
  groupIsHealthy,
  isEnded,
} from "../../../src/domain/plans/failure-policy.js";
import { ExecutionStatus, FailureAnswer, OnFailure, Verb } from "../../../src/domain/vocabulary.js";
import { smallPlan } from "../../support/worlds.js";

const plan = smallPlan(["a"]);
const critical = (outcome: "succeeded" | "failed" | "already-done") => ({ criticality: "critical" as const, outcome });
const optional = (outcome: "succeeded" | "failed") => ({ criticality: "optional" as const, outcome });
const planned = failurePolicyOf(plan, "planned-failover");
const unplanned = failurePolicyOf(plan, "unplanned-failover");

describe("the failure policy (B.5)", () => {
  test("a planned failover stops, and every other verb continues", () => {
    const stopping = Verb.options.filter((verb) => failurePolicyOf(plan, verb).onItemFailure === "stop");
    expect(stopping).toEqual(["planned-failover", "planned-failback"]);
  });

  test("the plan can override the default for each verb", () => {
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

  test.each([
    ["the item's own word", { onFailure: "ask" }, {}, "ask"],
    ["the group's", {}, { onFailure: "undo" }, "undo"],
    ["the item's before the group's", { onFailure: "continue" }, { onFailure: "undo" }, "continue"],
    ["the policy's when neither says anything", {}, {}, "stop"],
  ] as const)("after a critical item failed: %s", (_, item, group, expected) => {
    expect(afterGroup(planned, group, [{ ...critical("failed"), ...item }, critical("succeeded")])).toBe(expected);
  });

  test("the strongest policy of the failed items applies", () => {
    const words = (outcome: "failed" | "succeeded") =>
      (["ask", "undo", "continue"] as const).map((onFailure) => ({ ...critical(outcome), onFailure }));
    expect(afterGroup(planned, {}, words("failed"))).toBe("undo");
    expect(afterGroup(planned, {}, [...words("succeeded"), { ...critical("failed"), onFailure: "ask" }])).toBe("ask");
  });

  test("below the minimum because of optional items alone, the policy of the group or plan applies", () => {
    const members = [optional("failed"), optional("failed")];
    expect(afterGroup(planned, { minimumHealthy: 1, onFailure: "ask" }, members)).toBe("ask");
    expect(afterGroup(planned, { minimumHealthy: 1 }, members)).toBe("stop");
  });

  test("an answer to ask: skip continues, and the others apply", () => {
    expect(FailureAnswer.options.map(afterAnswer)).toEqual(["retry", "continue", "stop", "undo"]);
  });

  test("optional items never end an execution, and one more success never makes it worse", () => {
    const word = fc.constantFrom("continue", "ask", "stop", "undo" as const) as fc.Arbitrary<OnFailure>;
    const member = fc.record({
      criticality: fc.constantFrom("critical" as const, "optional" as const),
      outcome: fc.constantFrom("succeeded" as const, "failed" as const, "skipped" as const),
      onFailure: fc.option(word, { nil: undefined }),
    });
    const rank = (decided: OnFailure): number => OnFailure.options.indexOf(decided);
    fc.assert(
      fc.property(fc.array(member, { minLength: 1, maxLength: 6 }), word, word, fc.nat(5), (members, item, own, at) => {
        const policy = { onItemFailure: item, onActionFailure: "stop" as const };
        const decided = afterGroup(policy, { onFailure: own }, members);
        const critics = members.filter(({ criticality }) => criticality === "critical");
        if (critics.every(({ outcome }) => outcome === "succeeded")) expect(decided).toBe("continue");
        const better = members.map((one, index) => (index === at ? { ...one, outcome: "succeeded" as const } : one));
        expect(rank(afterGroup(policy, { onFailure: own }, better))).toBeLessThanOrEqual(rank(decided));
      }),
    );
  });

  test("the policy of an action takes precedence over that of the plan", () => {
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

  test("is consistent with any outcomes", () => {
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

  test("is final", () => {
    const lasting = ExecutionStatus.options.filter(isEnded);
    expect(lasting).toEqual(["succeeded", "succeeded-with-failures", "failed", "cancelled"]);
  });
});
