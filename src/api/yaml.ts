import { type Document, isScalar, Lexer, LineCounter, parseDocument, visit, type YAMLParseError } from "yaml";

/** Enough for a plan of 2,000 items. JSON, which parses a hundred times faster, has no such limit. */
export const MAX_YAML_TOKENS = 25_000;
/** No honest document, even of prose, has more open brackets. The parser would take seconds to find the error. */
const MAX_OPEN_BRACKETS = 1_000;
const MAX_ALIASES = 50;

/** The text has more than {@link MAX_YAML_TOKENS} tokens. */
export class YamlTooLarge extends Error {
  override readonly name = "YamlTooLarge";
}

/**
 * Reads one YAML document into plain data. Throws {@link YamlTooLarge}, or an error whose first line says what is wrong
 * and where. Takes a fraction of a second for any text. The parser alone does not: it is slow to find duplicate keys,
 * to follow aliases, to stringify keys that are collections, and to format many errors.
 */
export function parseYaml(text: string): unknown {
  refuseOpenBrackets(text);
  refuseManyTokens(text);
  const lines = new LineCounter();
  const document = withoutStacks(() =>
    parseDocument(text, { uniqueKeys: false, prettyErrors: false, lineCounter: lines }),
  );
  const [error] = document.errors;
  if (error) throw new Error(`${error.message} at ${placeOf(error, lines)}`);
  refuseCostly(document, lines);
  return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
}

function refuseOpenBrackets(text: string): void {
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === "[" || bracket === "{" ? open + 1 : Math.max(0, open - 1);
    if (open > MAX_OPEN_BRACKETS) throw new Error(`more than ${MAX_OPEN_BRACKETS} brackets are open at the same time.`);
  }
}

function refuseManyTokens(text: string): void {
  const tokens = new Lexer().lex(text);
  for (let seen = 0; !tokens.next().done; seen += 1) {
    if (seen > MAX_YAML_TOKENS) throw new YamlTooLarge(`it has more than ${MAX_YAML_TOKENS} tokens.`);
  }
}

/** The parser creates an error for every mistake. Thousands of stack traces would cost more than the parsing. */
function withoutStacks<T>(parse: () => T): T {
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return parse();
  } finally {
    Error.stackTraceLimit = usual;
  }
}

function placeOf({ pos: [start] }: YAMLParseError, lines: LineCounter): string {
  const { line, col } = lines.linePos(start);
  return `line ${line}, column ${col}`;
}

/** Keys must be texts that are unique in their map, and aliases must be few. */
function refuseCostly(document: Document, lines: LineCounter): void {
  let aliases = 0;
  const at = (node: unknown): string => {
    const { range } = node as { range?: [number, number, number] | null };
    const { line, col } = lines.linePos(range?.[0] ?? 0);
    return `at line ${line}, column ${col}`;
  };
  visit(document, {
    Alias(_place, alias) {
      aliases += 1;
      if (aliases > MAX_ALIASES)
        throw new Error(`more than ${MAX_ALIASES} aliases; the first too many is ${at(alias)}.`);
    },
    Map(_place, map) {
      const known = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key) || typeof key.value === "object")
          throw new Error(`a key that is not a text ${at(key ?? map)}.`);
        const name = String(key.value);
        if (known.has(name)) throw new Error(`duplicate key "${name.slice(0, 80)}" ${at(key)}.`);
        known.add(name);
      }
    },
  });
}
