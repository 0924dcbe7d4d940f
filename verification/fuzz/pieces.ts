import fc from "fast-check";

/** A text as a list of pieces with repeat counts, so that a megabyte is still one readable line. */
export type Pieces = readonly (readonly [text: string, times: number])[];

export const textOf = (pieces: Pieces): string => pieces.map(([text, times]) => text.repeat(times)).join("");

export const plain = (text: string): Pieces => [[text, 1]];

/** Slightly more than the largest body that the product reads. */
const MAX_LENGTH = 1_100_000;

const UNITS: readonly string[] = [
  "[",
  "]",
  "{",
  "}",
  '{"a":',
  "[[],",
  "{a: ",
  ",",
  ", ",
  ":",
  ": ",
  "- ",
  "-\n",
  "? ",
  "a",
  " ",
  "\n",
  "\t",
  "\r\n",
  '"',
  "'",
  "\\",
  '\\"',
  "\\u0041",
  "\\ud83d",
  "#",
  "# a\n",
  "!",
  "!!str ",
  "!<a> ",
  "&a ",
  "&a x\n- ",
  "*a, ",
  "*a ",
  "%A b\n",
  "---\n",
  "...\n",
  "|\n ",
  ">\n ",
  "a\n",
  "a: ",
  "a: b\n",
  '"a": 1, ',
  "{}, ",
  "[], ",
  "0, ",
  "1e5, ",
  "~, ",
  "<<: *a\n",
  "@",
  "`",
  "😀",
  "\ud800",
  "\u0000",
  "\u0085",
  "é",
];

const times = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 40, max: 3_000 }),
  fc.integer({ min: 3_000, max: 1_000_000 }),
);

/** A bomb: a few pieces, some of them repeated very often. At most about one mebibyte. */
export const bomb: fc.Arbitrary<Pieces> = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...UNITS), fc.string({ maxLength: 6 })), times), {
    minLength: 1,
    maxLength: 5,
  })
  .map(cut);

function cut(pieces: Pieces): Pieces {
  let left = MAX_LENGTH;
  return pieces.map(([text, count]) => {
    const kept = Math.min(count, Math.floor(left / Math.max(1, text.length)));
    left -= kept * text.length;
    return [text, kept] as const;
  });
}
