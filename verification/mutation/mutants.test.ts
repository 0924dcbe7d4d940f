import { expect, test } from "vitest";
import { mutantsOf } from "./mutants.js";

const changesOf = (source: string): [string, string][] =>
  mutantsOf("some.ts", source).map(({ id, text }) => [id.replace("some.ts ", ""), text]);

test("a statement with yield* is dropped, done twice and swapped with the next one of its block", () => {
  const source = "function* run() {\n  yield* a();\n  b();\n  if (c) yield* d();\n}\n";
  expect(changesOf(source)).toEqual([
    ["run: drop yield* a();", source.replace("yield* a();", "")],
    ["run: duplicate yield* a();", source.replace("yield* a();", "yield* a(); yield* a();")],
    [
      "run: swap yield* a(); ↔ if (c) yield* d();",
      "function* run() {\n  if (c) yield* d();\n  b();\n  yield* a();\n}\n",
    ],
    ["run: drop if (c) yield* d();", source.replace("if (c) yield* d();", "")],
    ["run: duplicate if (c) yield* d();", source.replace("if (c)", "if (c) yield* d(); if (c)")],
  ]);
});

test("a value is computed twice, and neither dropped nor moved behind its use", () => {
  const source = "const run = function* () {\n  const a = yield* b();\n  return yield* c(a);\n};\n";
  expect(changesOf(source)).toEqual([
    ["run: duplicate const a = yield* b();", source.replace("const a", "(yield* b()); const a")],
    ["run: duplicate return yield* c(a);", source.replace("return", "(yield* c(a)); return")],
  ]);
});

test("the statements of an inner function are its own", () => {
  const source = "function* run() {\n  yield* a(function* () {\n    yield* b();\n  });\n}\n";
  const dropped = changesOf(source).flatMap(([id, text]) => (id.includes(": drop") ? [text.replace(/\s+/g, "")] : []));
  expect(dropped).toEqual(["function*run(){}", "function*run(){yield*a(function*(){});}"]);
});

test("a row of a list of steps is dropped, duplicated and swapped with the next one", () => {
  const source = 'const w = itemWorkflow({}, [first, step("x"), ...rest]);\n';
  const lists = changesOf(source).map(([, text]) => text.slice(text.indexOf("["), text.indexOf("]") + 1));
  expect(lists).toEqual([
    '[step("x"), ...rest]',
    '[first, first, step("x"), ...rest]',
    '[step("x"), first, ...rest]',
    "[first, ...rest]",
    '[first, step("x"), step("x"), ...rest]',
    '[first, ...rest, step("x")]',
    '[first, step("x")]',
    '[first, step("x"), ...rest, ...rest]',
  ]);
});

test("the predicate of a step is negated and its callbacks are dropped, its parameters stay", () => {
  const source = 'const s = step("x", { when: isOpen, params: () => 1, onDone: (item) => item.end() });\n';
  expect(changesOf(source)).toEqual([
    ['s: negate when of "x"', source.replace("isOpen", "(item) => !(isOpen)(item)")],
    ['s: drop onDone of "x"', source.replace(", onDone: (item) => item.end()", "")],
  ]);
});

test("the same change twice in a function has two ids, and identical neighbours are not swapped", () => {
  const ids = changesOf("function* run() {\n  yield* a();\n  yield* a();\n}\n").map(([id]) => id);
  expect(ids).toEqual([
    "run: drop yield* a();",
    "run: duplicate yield* a();",
    "run: drop yield* a(); (2)",
    "run: duplicate yield* a(); (2)",
  ]);
});
