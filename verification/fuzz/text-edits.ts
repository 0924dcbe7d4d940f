import fc from "fast-check";
import { nastyText } from "./mutate.js";

/** Pieces of text with a meaning in JSON or YAML. */
const FRAGMENTS: readonly string[] = [
  "1e999",
  "-1e999",
  "NaN",
  "Infinity",
  "0x1f",
  "01",
  ".inf",
  "~",
  '"\\ud800"',
  '"\\u0000"',
  '"a":1,"a":2',
  '{"__proto__":{"polluted":1}}',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "'",
  "\\",
  "/*",
  "//",
  "\ufeff",
  "\u0000",
  "\u001b",
  "&a ",
  "*a",
  "<<: *a",
  "<<",
  "!!binary aGk=",
  "!!js/function 'x'",
  "!!set {a, b}",
  "!!omap [a: 1]",
  "!<tag:yaml.org,2002:timestamp> 2001-01-01",
  "!!merge <<",
  "? ",
  "? [a, b]\n: ",
  "- ",
  "| \n",
  ">-\n ",
  "---\n",
  "...\n",
  "%YAML 1.1\n---\n",
  "# ",
  "\n",
  "\t",
  " ",
  "@",
  "`",
];

export interface Edit {
  how: "insert" | "delete" | "replace" | "cut" | "double" | "swap";
  at: number;
  length: number;
  with: string;
}

export const edit: fc.Arbitrary<Edit> = fc.record({
  how: fc.constantFrom("replace", "insert", "delete", "double", "swap", "cut"),
  at: fc.nat({ max: 9_999 }),
  length: fc.integer({ min: 1, max: 8 }),
  with: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...FRAGMENTS) }, { weight: 1, arbitrary: nastyText }),
});

const TOKENS = /"(?:[^"\\\n]|\\.)*"|[\w.+-]+|[^\S\n]+|\n|[^\w\s]/g;

/** The text after the edits, which act on tokens and between them. */
export function edited(text: string, edits: readonly Edit[]): string {
  if (edits.length === 0) return text;
  let tokens: string[] = text.match(TOKENS) ?? [];
  for (const one of edits) tokens = apply(one, tokens);
  return tokens.join("");
}

function apply({ how, at, length, with: put }: Edit, tokens: string[]): string[] {
  const index = tokens.length === 0 ? 0 : at % tokens.length;
  const piece = tokens.slice(index, index + length);
  const [before, after] = [tokens.slice(0, index), tokens.slice(index + piece.length)];
  if (how === "cut") return before;
  if (how === "delete") return [...before, ...after];
  if (how === "insert") return [...before, put, ...piece, ...after];
  if (how === "double") return [...before, ...piece, ...piece, ...after];
  if (how === "swap") return [...before, ...piece.reverse(), ...after];
  return [...before, put, ...tokens.slice(index + 1)];
}
