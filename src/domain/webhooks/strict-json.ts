/**
 * JSON of a sender, read so that no two readers can understand it differently.
 *
 * - J1 A name that an object has twice is refused: one reader takes the first value, another one the last.
 * - J2 No name reaches a prototype: the names that could are refused, and objects have no prototype.
 * - J3 Nesting is bounded, so that the reader cannot run out of stack.
 *
 * All are shown by test/unit/domain/strict-json.test.ts.
 */

/** A value of JSON. Its objects have no prototype. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue };

const MAX_DEPTH = 32;
const POLLUTING_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;

/** The value of a JSON text, or undefined if it is not JSON of this strict kind. */
export function parseStrictJson(text: string): JsonValue | undefined {
  try {
    return new Reader(text).whole();
  } catch (thrown) {
    if (thrown instanceof NotStrict) return undefined;
    throw thrown;
  }
}

class NotStrict extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): JsonValue {
    const value = this.#value(0);
    this.#take(SPACE);
    if (this.#at !== this.#text.length) throw new NotStrict();
    return value;
  }

  #value(depth: number): JsonValue {
    if (depth > MAX_DEPTH) throw new NotStrict();
    this.#take(SPACE);
    const first = this.#text[this.#at];
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first === '"') return this.#string();
    return JSON.parse(this.#find(first === "-" || (first ?? "") <= "9" ? NUMBER : LITERAL)) as JsonValue;
  }

  #object(depth: number): JsonValue {
    const found: { [name: string]: JsonValue } = Object.create(null);
    this.#at += 1;
    if (this.#skips("}")) return found;
    do {
      this.#take(SPACE);
      const name = this.#string();
      if (name in found || POLLUTING_NAMES.has(name)) throw new NotStrict();
      if (!this.#skips(":")) throw new NotStrict();
      found[name] = this.#value(depth + 1);
    } while (this.#skips(","));
    if (!this.#skips("}")) throw new NotStrict();
    return found;
  }

  #array(depth: number): JsonValue {
    const found: JsonValue[] = [];
    this.#at += 1;
    if (this.#skips("]")) return found;
    do found.push(this.#value(depth + 1));
    while (this.#skips(","));
    if (!this.#skips("]")) throw new NotStrict();
    return found;
  }

  #string(): string {
    return JSON.parse(this.#find(STRING)) as string;
  }

  /** Takes one sign, with the space before it, if it comes next. */
  #skips(sign: string): boolean {
    this.#take(SPACE);
    if (this.#text[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #find(token: RegExp): string {
    const found = this.#take(token);
    if (found === "") throw new NotStrict();
    return found;
  }

  #take(token: RegExp): string {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}
