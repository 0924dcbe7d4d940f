import { describe, expect, test } from "vitest";
import { DrillPolicy } from "../../../../src/domain/drills/policy.js";
import { type ReadinessFacts, readinessOf } from "../../../../src/domain/drills/readiness.js";
import { toMs } from "../../../../src/domain/text.js";
import { drillRecord, machineFacts, passedVerdict } from "../../../support/drill-records.js";

const items = [machineFacts("m1"), machineFacts("m2")];
const passed = drillRecord(1, { before: { at: passedVerdict().at, items, leftovers: [] }, verdict: passedVerdict() });
const DAY_MS = 86_400_000;

const factsOf = (change: Partial<ReadinessFacts> = {}): ReadinessFacts => ({
  nowMs: toMs(passedVerdict().at) + DAY_MS,
  planHash: "hash-1",
  policy: DrillPolicy.parse({}),
  fingerprints: new Map([
    ["m1", "m1-1"],
    ["m2", "m2-1"],
  ]),
  passed: [passed],
  last: passed,
  wouldNotStart: [],
  ...change,
});
const failed = drillRecord(2, { verdict: passedVerdict({ result: "failed", because: ["m1 failed"] }) });

describe("readiness", () => {
  test("is ready after a drill that passed, of what is there now (R1)", () => {
    expect(readinessOf(factsOf())).toEqual({ readiness: "ready", reasons: [] });
  });

  test.each<[string, Partial<ReadinessFacts>, string, string]>([
    ["without a drill", { last: null, passed: [] }, "never-tested", "no drill"],
    ["with another plan", { planHash: "hash-2" }, "stale", "the plan or its policy changed since version 1"],
    [
      "with another machine",
      {
        fingerprints: new Map([
          ["m1", "m1-2"],
          ["m2", "m2-1"],
        ]),
      },
      "stale",
      "changed since the drill: m1",
    ],
    [
      "with one more",
      {
        fingerprints: new Map([
          ["m1", "m1-1"],
          ["m2", "m2-1"],
          ["m3", ""],
        ]),
      },
      "stale",
      "not in the drill: m3",
    ],
    ["with one less", { fingerprints: new Map([["m1", "m1-1"]]) }, "stale", "gone: m2"],
    ["long after", { nowMs: toMs(passedVerdict().at) + 200 * DAY_MS }, "overdue", "more than 184 days ago"],
    ["after a failure", { last: failed }, "failing", "m1 failed"],
    ["when it would not start", { wouldNotStart: ["no quota"] }, "failing", "it would not start: no quota"],
    [
      "without the way home",
      { policy: DrillPolicy.parse({ rehearse: ["recovery-to-primary"] }) },
      "stale",
      "no drill has passed",
    ],
  ])("%s is not ready, and says why (R1, R2, R3)", (_what, change, readiness, text) => {
    const found = readinessOf(factsOf(change));
    expect(found.readiness).toBe(readiness);
    expect(found.reasons.join("\n")).toContain(text);
  });
});
