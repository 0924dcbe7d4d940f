import { expect, test } from "vitest";
import type { Failure } from "../../src/domain/execution.js";
import type { ItemReport } from "../../src/executions/contracts.js";
import { withReasons } from "../../src/orchestrators/runtime/reasons.js";

const report = (itemId: string, outcome: ItemReport["outcome"], failure: Failure | null = null): ItemReport => ({
  ...{ itemId, outcome, failure },
  ...{ point: null, dataLoss: null, runningAtMs: null },
});

test("a finding is told of its own machine, and the others are told that they are not the reason", () => {
  const failure = {
    code: "prerequisites-failed",
    message: "2 not met",
    details: ["db: the name is too long. Change it.", "db: no network. Choose one."],
  };
  expect(withReasons([report("db", "skipped"), report("db-2", "skipped")], failure)).toEqual([
    {
      ...report("db", "failed"),
      failure: { code: "prerequisites-failed", message: "the name is too long. Change it. no network. Choose one." },
    },
    { ...report("db-2", "skipped"), note: expect.stringContaining("not begun: other machines do not meet") },
  ]);
});

test("a machine that was skipped or undone names each machine that failed once, or the reason of the execution", () => {
  const failed = report("db", "failed", { code: "operation-failed", message: "it broke" });
  const stopped = { code: "stopped", message: "group Databases did not get through" };
  const notes = (reports: ItemReport[], failure: Failure | null) =>
    withReasons(reports, failure).map(({ note }) => note);
  expect(notes([failed, report("web", "skipped"), report("app", "cancelled")], stopped)).toEqual([
    undefined,
    "not begun: db failed",
    "undone or stopped: db failed",
  ]);
  const cancelled = { code: "cancelled", message: "cancelled by Ann" };
  expect(notes([failed, report("web", "cancelled")], cancelled).at(-1)).toBe("undone or stopped: cancelled by Ann");
  const rejected = { code: "validation-rejected", message: "rejected by Ann: no orders" };
  expect(notes([report("web", "cancelled")], rejected)).toEqual(["undone or stopped: rejected by Ann: no orders"]);
  expect(notes([report("web", "succeeded")], rejected)).toEqual([undefined]);
});
