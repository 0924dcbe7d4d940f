import fc from "fast-check";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Texts that often break parsers, tables, logs and addresses. */
const NASTY_TEXTS: readonly string[] = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "a\r\nb: c",
  "'",
  "''",
  '"',
  "' or '1' eq '1",
  "'; drop table Plans;--",
  "a/b",
  "../../etc/passwd",
  "..",
  ".",
  "%2e%2e%2f",
  "%00",
  "%",
  "a#b?c=d&e",
  "a\\b",
  "\ud800",
  "\udfff\ud800",
  "\ufeffa",
  "\u202eabc",
  "\u0085\u2028",
  "e\u0301",
  "ﬃ",
  "😀".repeat(20),
  "x".repeat(64),
  "x".repeat(65),
  "x".repeat(255),
  "x".repeat(256),
  "x".repeat(1_024),
  "é".repeat(1_024),
  "x".repeat(2_001),
  "{{7*7}}",
  "$" + "{jndi:ldap://x}",
  "<script>alert(1)</script>",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "undefined",
  "null",
  "NaN",
  "Infinity",
  "1e999",
  "-0",
  "0x10",
  "9007199254740993",
  "2026-02-30T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "0000-01-01T00:00:00Z",
  "2026-01-01T00:00:00+24:00",
  "00000000-0000-0000-0000-000000000000",
  "0.0.0.0",
  "255.255.255.255/33",
  "10.0.0.0/0",
  "::1",
  "http://127.0.0.1/",
  "javascript:alert(1)",
  "*",
  '"a", "b"',
  'W/"1"',
];

export const nastyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NASTY_TEXTS) },
  { weight: 2, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
);

const POLLUTION: readonly Json[] = [
  JSON.parse('{"__proto__":{"polluted":true}}') as Json,
  { constructor: { prototype: { polluted: true } } },
  { prototype: { polluted: true } },
];

const NASTY_VALUES: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  0.1,
  -0.5,
  1e21,
  -1e308,
  5e-324,
  2_147_483_648,
  9_007_199_254_740_992,
  [],
  {},
  [[]],
  [null],
  { "": "" },
  { length: 1 },
  ...["then", "toString", "toJSON"].map((key) => ({ [key]: "x" })),
  ...POLLUTION,
];

export const nastyValue: fc.Arbitrary<Json> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...NASTY_VALUES) },
  { weight: 3, arbitrary: nastyText },
  { weight: 1, arbitrary: fc.integer() },
  { weight: 1, arbitrary: fc.double() },
);

/** One change of a document: drop, replace, rename or add a value, or copy one from elsewhere in the document. */
export interface Change {
  how: "drop" | "replace" | "rename" | "add" | "copy" | "repeat";
  /** The position in the whole document, modulo the number of positions. */
  at: number;
  from: number;
  key: string;
  value: Json;
}

export const change: fc.Arbitrary<Change> = fc.record({
  how: fc.constantFrom("replace", "copy", "drop", "rename", "add", "repeat"),
  at: fc.nat({ max: 9_999 }),
  from: fc.nat({ max: 9_999 }),
  key: nastyText,
  value: nastyValue,
});

interface Place {
  box: Json[] | { [key: string]: Json };
  key: string;
}

/** The document after all changes, in order. */
export function changed(document: Json, changes: readonly Change[]): Json {
  const copy = { root: JSON.parse(JSON.stringify(document)) as Json };
  for (const one of changes) make(one, placesOf(copy));
  return copy.root;
}

function placesOf(root: { root: Json }): Place[] {
  const places: Place[] = [];
  const open: Place["box"][] = [root];
  for (let box = open.pop(); box !== undefined; box = open.pop()) {
    for (const key of Object.keys(box)) {
      places.push({ box, key });
      const value = get({ box, key });
      if (typeof value === "object" && value !== null) open.push(value);
    }
  }
  return places;
}

function make({ how, at, from, key, value }: Change, places: readonly Place[]): void {
  const place = places[at % places.length];
  const source = places[from % places.length];
  if (place === undefined || source === undefined) return;
  if (how === "replace") set(place, own(value));
  if (how === "copy") set(place, own(get(source)));
  if (how === "add") set({ ...place, key }, own(value));
  if (how === "repeat" && Array.isArray(place.box)) place.box.push(own(get(place)));
  if (how === "rename") set({ ...place, key }, get(place));
  if (how === "drop" || how === "rename") drop(place);
}

/** Each position gets a copy of its value. A shared value would change in two places, or contain itself. */
const own = (value: Json): Json => structuredClone(value);

const get = ({ box, key }: Place): Json => (Array.isArray(box) ? box[Number(key)] : box[key]) ?? null;

/** Defined and not assigned, because the key may be `__proto__`. */
function set({ box, key }: Place, value: Json): void {
  if (!Array.isArray(box))
    Object.defineProperty(box, key, { value, enumerable: true, writable: true, configurable: true });
  else if (/^\d{1,3}$/.test(key)) box[Number(key)] = value;
}

function drop({ box, key }: Place): void {
  if (Array.isArray(box)) box.splice(Number(key), 1);
  else if (key !== "root") delete box[key];
}

/** Adds many entries to a list of the document, with different or equal ids, or many keys to an object. */
export interface Widening {
  at: number;
  times: number;
  alike: boolean;
}

export const widening: fc.Arbitrary<Widening> = fc.record({
  at: fc.nat({ max: 9_999 }),
  times: fc.integer({ min: 10, max: 1_500 }),
  alike: fc.boolean(),
});

/** The document with the added entries. */
export function widened(document: Json, { at, times, alike }: Widening): Json {
  const copy = { root: JSON.parse(JSON.stringify(document)) as Json };
  const places = placesOf(copy);
  const place = places[at % places.length];
  if (place === undefined) return copy.root;
  const entry = JSON.stringify(get(place));
  for (let index = 0; index < times; index += 1) {
    const value = JSON.parse(
      alike ? entry : entry.replaceAll(/("(?:id|name|itemId)":"[^"]{0,50})"/g, `$1-${index}"`),
    ) as Json;
    if (Array.isArray(place.box)) place.box.push(value);
    else set({ box: place.box, key: `${place.key}-${index}` }, value);
  }
  return copy.root;
}
