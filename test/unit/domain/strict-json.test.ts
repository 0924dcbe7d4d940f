import fc from "fast-check";
import { expect, test } from "vitest";
import { parseForm } from "../../../src/domain/webhooks/form.js";
import { parseStrictJson } from "../../../src/domain/webhooks/strict-json.js";

test("every value without a name that reaches a prototype is read as JSON reads it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      fc.pre(!/"(__proto__|constructor|prototype)":/.test(text));
      expect(JSON.stringify(parseStrictJson(text))).toBe(JSON.stringify(value));
    }),
  );
});

test("a text is refused whenever JSON refuses it", () => {
  const pieces = fc.constantFrom("{", "}", "[", "]", ",", ":", '"', '"a"', "1", "-", "01", "1e9", "true", "nul", " ");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      const isJson = (() => {
        try {
          JSON.parse(text);
          return true;
        } catch {
          return false;
        }
      })();
      if (!isJson) expect(parseStrictJson(text)).toBeUndefined();
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["a name that comes twice", '{"a":1,"a":2}'],
  ["a name that comes twice, spelt with an escape", '{"a":1,"\\u0061":2}'],
  ["a name that comes twice, deep inside", '[{"b":{"a":1,"c":2,"a":1}}]'],
  ["__proto__", '{"__proto__":{"polluted":true}}'],
  ["constructor", '{"a":{"constructor":1}}'],
  ["__proto__, spelt with an escape", '{"\\u005f_proto__":1}'],
  ["deep nesting", `${"[".repeat(10_000)}${"]".repeat(10_000)}`],
  ["a byte order mark", '\ufeff{"a":1}'],
  ["a second value", '{"a":1}{"a":1}'],
  ["a trailing comma", '{"a":1,}'],
  ["a line feed in a text", '"a\nb"'],
  ["nothing", ""],
])("%s is refused", (_, text) => {
  expect(parseStrictJson(text)).toBeUndefined();
});

test("objects have no prototype", () => {
  expect(Object.getPrototypeOf(parseStrictJson('{"a":{}}'))).toBeNull();
});

test("a form is read, and one that is not strict is refused", () => {
  expect(parseForm("payload=%7B%22a%22%3A+1%7D&b=")).toEqual(
    new Map([
      ["payload", '{"a": 1}'],
      ["b", ""],
    ]),
  );
  for (const text of ["", "a", "a=1&a=2", "a=1&%61=2", "a=%FF", "a=%0", "a=b c", "a=1;b=2", "=1", "a=1&", "a=é"]) {
    expect(parseForm(text), text).toBeUndefined();
  }
});
