import { type Document, isScalar, Lexer, LineCounter, parseDocument, visit, type YAMLParseError } from "yaml";

/** Enough for a plan of 2,000 items; what is larger comes as JSON, which is read a hundred times as fast. */
export const MAX_YAML_TOKENS = 25_000;
/** More than anybody leaves open at once, even in prose; the parser would come to it only after seconds. */
const MAX_OPEN_BRACKETS = 1_000;
const MAX_ALIASES = 50;

/** The text is larger than is read as YAML. */
export class YamlTooLarge extends Error {
  override readonly name = "YamlTooLarge";
}

/**
 * Reads one YAML document into plain data. Throws an error whose first line says what is wrong and where, and
 * {@link YamlTooLarge}. Takes a fraction of a second whatever is in the text: looking for keys that come twice,
 * following aliases, writing keys that are collections and showing each of many errors does not, in the parser.
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
    if (open > MAX_OPEN_BRACKETS) throw new Error(`more than ${MAX_OPEN_BRACKETS} brackets are open at once.`);
  }
}

function refuseManyTokens(text: string): void {
  const tokens = new Lexer().lex(text);
  for (let seen = 0; !tokens.next().done; seen += 1) {
    if (seen > MAX_YAML_TOKENS) throw new YamlTooLarge(`it has more than ${MAX_YAML_TOKENS} words and signs.`);
  }
}

/** The parser makes an error for each thing that is wrong; the stacks of thousands cost more than all the rest. */
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

/** Keys are texts, each once in its map, and aliases are few. */
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
      if (aliases > MAX_ALIASES) throw new Error(`more than ${MAX_ALIASES} aliases, one too many ${at(alias)}.`);
    },
    Map(_place, map) {
      const known = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key) || typeof key.value === "object")
          throw new Error(`a key that is no text ${at(key ?? map)}.`);
        const name = String(key.value);
        if (known.has(name)) throw new Error(`the key "${name.slice(0, 80)}" comes twice ${at(key)}.`);
        known.add(name);
      }
    },
  });
}
