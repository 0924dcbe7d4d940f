import { expect, test } from "vitest";
import type { Judged, Verdict } from "./judge.js";
import { evaluate, linesOf } from "./score.js";

const judged = (id: string, verdict: Verdict): Judged => ({
  id,
  file: "some.ts",
  line: 1,
  kind: "drop",
  verdict,
  by: verdict === "survivor" ? null : "a test",
});

const caught = (count: number) => Array.from({ length: count }, (_, at) => judged(`caught ${at}`, "histories"));

test("equivalent mutants do not count, other survivors do", () => {
  const score = evaluate(
    [...caught(19), judged("same", "survivor"), judged("missed", "survivor")],
    [{ mutant: "same", reason: "It reads the same row twice." }],
  );
  expect(score).toMatchObject({ score: 0.95, equivalent: 1, survivors: 1, stale: [], passes: true });
  expect(linesOf(score).at(-1)).toBe("20 passed, 1 failed");
  expect(linesOf(score).join("\n")).toContain("It reads the same row twice.");
});

test("a run fails below 95 %", () => {
  expect(evaluate([...caught(18), judged("missed", "survivor")], []).passes).toBe(false);
});

test.each(["gone", "caught 0"])("an entry for a mutant that does not survive fails the run: %s", (mutant) => {
  const score = evaluate(caught(20), [{ mutant, reason: "None." }]);
  expect(score.passes).toBe(false);
  expect(score.stale).toEqual([expect.stringContaining(mutant)]);
});
