import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { z } from "zod";
import { type Codec, decode, encode } from "../../../src/store/tables/codec.js";
import { MAX_ROW_CHARACTERS } from "../../../src/store/tables/port.js";

const TEXTS: Codec<string[]> = { what: "texts", schema: 1, shape: z.array(z.string()) };
const rowOf = (columns: ReturnType<typeof encode>) => ({ partition: "p", etag: "e", ...columns });

test("a value of a million characters fits into a row and is read unchanged", () => {
  const value = Array.from({ length: 10_000 }, (_, index) => `${index} of ${"many ".repeat(20)}`);
  const columns = encode(TEXTS, "row", value);
  expect(columns.json.length).toBeLessThan(MAX_ROW_CHARACTERS / 4);
  expect(decode(TEXTS, rowOf(columns))).toEqual(value);
});

test("a short value is readable text in its row", () => {
  expect(encode(TEXTS, "row", ["short"]).json).toBe('["short"]');
});

test("a value that does not compress enough is refused", () => {
  const noise = [randomBytes(MAX_ROW_CHARACTERS).toString("base64")];
  expect(() => encode(TEXTS, "row", noise)).toThrow(/\[value-too-large\] the texts row has \d+ characters/);
});

test("a damaged long value is reported as damaged", () => {
  const columns = encode(TEXTS, "row", [" ".repeat(300_000)]);
  const damaged = { ...columns, json: columns.json.replace(/.{8}$/, "AAAAAAAA") };
  expect(() => decode(TEXTS, rowOf({ ...damaged, json: `deflated:${"!".repeat(40)}` }))).toThrow("[row-unreadable]");
  expect(() => decode(TEXTS, rowOf(damaged))).toThrow("[row-unreadable]");
});

test("one row that is read with two codecs is what each of them makes of it", () => {
  const row = rowOf(encode(TEXTS, "row", ["1"]));
  const numbers: Codec<number[]> = { ...TEXTS, what: "numbers", shape: z.array(z.coerce.number()) };
  expect(decode(TEXTS, row)).toEqual(["1"]);
  expect(decode(numbers, row)).toEqual([1]);
  expect(decode(TEXTS, row)).toEqual(["1"]);
  expect(() => decode({ ...TEXTS, schema: 2 }, row)).toThrow("[row-unreadable]");
});
