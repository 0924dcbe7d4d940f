import { expect, test } from "vitest";
import { RecoveryError } from "../../../src/domain/errors.js";
import { failureOf, isFault, refusalOf } from "../../../src/durable/refusal.js";

test("a code is found inside the words that a host puts around it", () => {
  const wrapped = new Error(
    `Activity function 'promote-replica' failed:  [site-unreachable] rotterdam does not answer \n {"$type":"System.Exception"}`,
  );
  expect(failureOf(wrapped)).toEqual({ code: "site-unreachable", message: "rotterdam does not answer" });
});

test("a text without a code of the catalogue is a failed operation", () => {
  expect(failureOf(new Error("[not-a-code] boom"))).toEqual({ code: "operation-failed", message: "[not-a-code] boom" });
  expect(failureOf("text")).toEqual({ code: "operation-failed", message: "text" });
});

test("what may pass by itself is thrown, what won't is an answer", () => {
  expect(refusalOf(new RecoveryError("site-unreachable", "down"))).toBeUndefined();
  expect(refusalOf(new Error("anything"))).toBeUndefined();
  expect(refusalOf(new RecoveryError("stale-epoch", "old", ["a"]))).toEqual({
    ok: false,
    code: "stale-epoch",
    message: "old",
    details: ["a"],
  });
  expect(isFault("time-limit")).toBe(false);
});

test("a failure keeps every line of its details, and counts those beyond the limit", () => {
  const lines = Array.from({ length: 203 }, (_, at) => `line ${at}`);
  expect(failureOf(new RecoveryError("prerequisites-failed", "3 not met", lines.slice(0, 3))).details).toEqual([
    "line 0",
    "line 1",
    "line 2",
  ]);
  const { details = [] } = failureOf(new RecoveryError("prerequisites-failed", "203 not met", lines));
  expect(details.slice(-2)).toEqual(["line 199", "and 3 more"]);
  expect(failureOf(new RecoveryError("leftovers", "one"))).not.toHaveProperty("details");
});
