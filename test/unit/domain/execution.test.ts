import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeIn, ERRORS, isErrorCode, RecoveryError } from "../../../src/domain/errors.js";
import { Execution, Step } from "../../../src/domain/execution.js";
import { canonicalJson, executionIdOf, planHash, taskKey } from "../../../src/domain/identity.js";
import { failoverTypeOf } from "../../../src/domain/plans/failover-type.js";
import { delayAfter, RETRY_POLICIES } from "../../../src/domain/retry-policies.js";
import { findStep, rollUp } from "../../../src/domain/steps.js";
import { Guid } from "../../../src/domain/text.js";
import { type StepStatus, Verb } from "../../../src/domain/vocabulary.js";
import { smallPlan } from "../../support/worlds.js";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const step = (id: string, status: StepStatus, more: Partial<Step> = {}): Step => ({ id, title: id, status, ...more });

describe("the step tree", () => {
  const tree = [
    step("a", "succeeded"),
    step("b", "running", { children: [step("b/1", "running", { progress: 50 }), step("b/2", "waiting")] }),
    step("c", "skipped", { children: [] }),
  ];

  test("finds a step at any depth", () => {
    expect(findStep(tree, "b/2")?.status).toBe("waiting");
    expect(findStep(tree, "zzz")).toBeUndefined();
  });

  test.each<[StepStatus[], StepStatus]>([
    [["succeeded", "already-done"], "succeeded"],
    [["succeeded", "failed"], "succeeded-with-failures"],
    [["succeeded-with-failures"], "succeeded-with-failures"],
    [["failed", "skipped"], "failed"],
    [["skipped", "skipped"], "skipped"],
    [["succeeded", "skipped"], "succeeded"],
    [[], "succeeded"],
    [["waiting", "waiting"], "waiting"],
    [["succeeded", "waiting"], "running"],
    [["running", "failed"], "running"],
    [["running", "awaiting-input"], "awaiting-input"],
    [["succeeded", "cancelled"], "cancelled"],
  ])("%j roll up to %s", (statuses, expected) => {
    expect(rollUp(statuses)).toBe(expected);
  });

  test("with an unknown key at any depth does not parse", () => {
    expect(Step.safeParse(tree[1]).success).toBe(true);
    expect(Step.safeParse({ ...tree[1], children: [{ ...tree[0], surprise: 1 }] }).success).toBe(false);
  });
});

describe("the record of an execution", () => {
  const running = {
    executionId: "11111111-1111-8111-8111-111111111111",
    idempotencyKey: "key",
    worldId: "small",
    subject: { kind: "item", itemId: "item-1" },
    verb: "commit",
    direction: "primary-to-recovery",
    planHash: null,
    itemIds: ["item-1"],
    options: {},
    requestedBy: "tester",
    requestedAt: "2026-03-02T09:00:00.000Z",
    status: "running",
  };
  const ended = { endedAt: "2026-03-02T10:00:00.000Z", outcomes: [] };

  test.each<[string, object, boolean]>([
    ["running", running, true],
    ["running with an end", { ...running, ...ended }, false],
    ["succeeded", { ...running, ...ended, status: "succeeded" }, true],
    ["succeeded without an end", { ...running, status: "succeeded" }, false],
    [
      "failed with a failure",
      { ...running, ...ended, status: "failed", failure: { code: "stopped", message: "m" } },
      true,
    ],
    ["failed without one", { ...running, ...ended, status: "failed" }, false],
  ])("%s", (_, record, parses) => {
    expect(Execution.safeParse(record).success).toBe(parses);
  });
});

describe("identity", () => {
  test("the same key of the same person gives the same GUID, another key or person another", () => {
    const sent = fc.tuple(fc.string(), fc.string());
    fc.assert(
      fc.property(sent, sent, (one, other) => {
        const id = executionIdOf(...one, sha256);
        expect(Guid.safeParse(id).success).toBe(true);
        expect(id[14]).toBe("8");
        expect("89ab").toContain(id[19]);
        const isSame = one[0] === other[0] && one[1] === other[1];
        expect(executionIdOf(...other, sha256) === id).toBe(isSame);
        if (one[1] !== "") expect(executionIdOf(one[0] + one[1], "", sha256)).not.toBe(id);
      }),
    );
  });

  test("a plan's hash does not depend on the order of its keys, and changes with its content", () => {
    const plan = smallPlan(["a"]);
    const turned = Object.fromEntries(Object.entries(plan).toReversed()) as typeof plan;
    expect(planHash(turned, sha256)).toBe(planHash(plan, sha256));
    expect(planHash({ ...plan, name: "Other" }, sha256)).not.toBe(planHash(plan, sha256));
  });

  test("canonical JSON parses to the same value", () => {
    const finite = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? "null");
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(finite(JSON.parse(canonicalJson(value)))).toEqual(finite(value));
      }),
    );
    expect(canonicalJson({ b: undefined, a: [undefined, null] })).toBe('{"a":[null,null]}');
  });

  test("a task key contains execution, step and item", () => {
    expect(taskKey("id", "promote-replica", "web-1")).toBe("id/promote-replica/web-1");
  });
});

describe("errors", () => {
  test("a code is found inside any text", () => {
    const error = new RecoveryError("stale-epoch", "too old", ["detail"]);
    expect(error.message).toBe("[stale-epoch] too old");
    expect(error.details).toEqual(["detail"]);
    expect(codeIn(`Activity failed: {"Message":"${error.message}"}`)).toBe("stale-epoch");
    expect(codeIn("[no-such-code] and [item-held] too")).toBe("item-held");
    expect(codeIn("nothing")).toBeUndefined();
    expect(isErrorCode("constructor")).toBe(false);
  });

  test.each(Object.entries(ERRORS))("%s says what to do", (_, row) => {
    expect(row.httpStatus).toBeGreaterThanOrEqual(400);
    expect(row.httpStatus).toBeLessThan(600);
    for (const text of [row.title, row.causes, row.action]) expect(text.length).toBeGreaterThan(5);
  });
});

describe("retry policies", () => {
  test("wait longer each time up to their limit, and end", () => {
    for (const policy of Object.values(RETRY_POLICIES)) {
      const delays = Array.from({ length: policy.maxAttempts - 1 }, (_, index) => delayAfter(policy, index + 1));
      expect(delays).toEqual(delays.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
      expect(delays.filter((delay) => delay === null || delay > policy.maxDelayMs)).toEqual([]);
      expect(delayAfter(policy, policy.maxAttempts)).toBeNull();
    }
  });
});

test("only failovers run a plan's actions", () => {
  const types = Verb.options.flatMap((verb) => {
    const type = failoverTypeOf(verb);
    return type === null ? [] : [[verb, type]];
  });
  expect(Object.fromEntries(types)).toEqual({
    "test-failover": "test",
    "planned-failover": "planned",
    "full-run": "planned",
    "unplanned-failover": "unplanned",
    failback: "unplanned",
    "planned-failback": "planned",
  });
});
