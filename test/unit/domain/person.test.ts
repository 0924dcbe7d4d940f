import { expect, test } from "vitest";
import { isSamePerson } from "../../../src/domain/access/person.js";

test.each([
  ["Ann", "ann"],
  ["ann", " ann "],
  ["Ann Lee", "ann\u00a0lee"],
  ["ann", "an\u200bn"],
  ["Andr\u00e9", "Andre\u0301"],
  ["ann", "\uff41nn"],
])("%s and %s may be one human", (a, b) => {
  expect(isSamePerson(a, b)).toBe(true);
});

test.each([
  ["ann", "anna"],
  ["ann", "bob"],
  ["Andr\u00e9", "Andre"],
])("%s and %s are two", (a, b) => {
  expect(isSamePerson(a, b)).toBe(false);
});
