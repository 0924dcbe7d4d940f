import { expect, test } from "vitest";
import { type Behaviour, behaviourProblems, behavioursPage, testsIn } from "../../scripts/reference/behaviours.mjs";

const behaviours = [
  { id: "P1", system: "physical", says: "There and back." },
  { id: "P2", system: "physical", says: "Home as a VM." },
];
const problemsOf = (text: string, list: Behaviour[] = behaviours) =>
  behaviourProblems({ behaviours: list, tests: testsIn("a.test.ts", text) });

const shown =
  'test("P1 goes", () => { expect(1).toBe(1); }); test.for([1])("P2 %s comes", () => expect(1).not.toBe(2));';

test("a list whose every id has a test that asserts has no problems", () => {
  expect(problemsOf(shown)).toEqual([]);
  expect(problemsOf('test("P1 P2 both", async () => { await expect(x).resolves.toBe(1); });')).toEqual([]);
});

test.for([
  ['test("P1 goes", () => { expect(1).toBe(1); });', "no test shows P2: Home as a VM."],
  [`${shown} test("P9 unknown", () => expect(1).toBe(1));`, "names P9, which is not in the list"],
  [`${shown} test("P1 calls", () => { run(); });`, "asserts nothing, or does not run"],
  [`${shown} test("P1 says", () => { expect(run()); });`, "asserts nothing, or does not run"],
  [`${shown} test.skip("P1 sleeps", () => { expect(1).toBe(1); });`, "asserts nothing, or does not run"],
  [`${shown} test.todo("P1 later");`, "asserts nothing, or does not run"],
  [`${shown} test("goes", () => { expect(1).toBe(1); });`, "names no behaviour"],
] as const)("%s is a problem: %s", ([text, problem]) => {
  expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
});

test("an id that is said not to be shown is told in the table, and is a problem once a test shows it", () => {
  const list = [{ id: "P1", system: "physical", says: "There and back.", notShown: "not built" }];
  expect(problemsOf("", list)).toEqual([]);
  expect(behavioursPage({ behaviours: list, tests: [] })).toContain("**not shown**: not built");
  expect(problemsOf('test("P1 goes", () => expect(1).toBe(1));', list)).toHaveLength(1);
});
