import { expect, test } from "vitest";
import { textAt } from "../../../src/domain/webhooks/place.js";
import { Scheme } from "../../../src/domain/webhooks/scheme.js";
import { SCHEMES, schemeOf } from "../../../src/domain/webhooks/schemes.js";
import { parseStrictJson } from "../../../src/domain/webhooks/strict-json.js";

const broken = (change: object) => {
  const parsed = Scheme.safeParse({ ...SCHEMES.standard, ...change });
  return parsed.success ? null : parsed.error.issues.map(({ message }) => message).join("; ");
};

test("every known scheme is data that a source could carry itself", () => {
  for (const scheme of Object.values(SCHEMES)) expect(Scheme.parse(JSON.parse(JSON.stringify(scheme)))).toEqual(scheme);
  expect(schemeOf("slack")).toBe(SCHEMES.slack);
  expect(schemeOf(SCHEMES.teams)).toBe(SCHEMES.teams);
});

test("a scheme whose id or time is not signed is refused, because a copy of a message could look new", () => {
  expect(broken({ signed: ["time", { text: "." }, "body"] })).toContain("an id in a header is signed once");
  expect(broken({ signed: ["id", { text: "." }, "body"] })).toContain("a time is signed once");
  expect(broken({ time: undefined })).toContain("without a time none is");
  expect(broken({ id: { kind: "digest" } })).toContain("no other id is");
});

test("a scheme whose signed text has two meanings is refused", () => {
  const separate = "stands a fixed text with a sign of its own";
  expect(broken({ signed: ["id", "time", { text: "." }, "body"] })).toContain(separate);
  expect(broken({ signed: ["id", { text: "." }, "time", "body"] })).toContain(separate);
  expect(broken({ signed: ["id", { text: "x" }, "time", { text: "." }, "body"] })).toContain(separate);
  expect(broken({ signed: ["id", { text: "." }, "time", { text: "." }] })).toContain("ends with the body");
  expect(broken({ signed: ["body", { text: "." }, "id", { text: "." }, "time"] })).toContain("ends with the body");
  expect(broken({ signed: ["id", { text: "." }, "time", { text: ":" }, "body"] })).toBeNull();
});

test("a form names the field of its message, and JSON has none", () => {
  expect(broken({ payloadField: "payload" })).toContain("JSON has none");
  expect(broken({ contentType: "application/x-www-form-urlencoded" })).toContain("a form names the field");
});

const message = parseStrictJson(
  '{"a":{"b":[{"c":"x"},{"c":7}]},"f":[{"name":"v.1","value":"one"},{"name":"two","value":"2"},{"name":"two","value":"3"}],"n":1.5}',
) as NonNullable<ReturnType<typeof parseStrictJson>>;

test.each([
  ["a.b[0].c", "x"],
  ["a.b[1].c", "7"],
  ["f[name=v.1].value", "one"],
])("the text at %s is %s", (place, text) => {
  expect(textAt(message, ["missing", place])).toBe(text);
});

test.each(["a.b[2].c", "a.b", "a.b.length", "toString", "a.constructor", "f[name=two].value", "n"])(
  "there is no text at %s",
  (place) => {
    expect(textAt(message, [place])).toBeUndefined();
  },
);
