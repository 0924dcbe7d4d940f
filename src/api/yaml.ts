import { type Document, isScalar, LineCounter, parseDocument, visit } from "yaml";

/** More than anybody leaves open at once, even in prose; the parser would come to it only after seconds. */
const MOST_OPEN_BRACKETS = 1_000;
const MOST_ALIASES = 50;

/**
 * Reads one YAML document into plain data. Throws an error whose first line says what is wrong and where. Takes
 * time in proportion to the text, whatever is in it: the parser's own look for keys that come twice does not.
 */
export function parseYaml(text: string): unknown {
  refuseOpenBrackets(text);
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: true, lineCounter: lines });
  const [error] = document.errors;
  if (error) throw error;
  refuseRepeatedKeys(document, lines);
  return document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown;
}

function refuseOpenBrackets(text: string): void {
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === "[" || bracket === "{" ? open + 1 : Math.max(0, open - 1);
    if (open > MOST_OPEN_BRACKETS) throw new Error(`more than ${MOST_OPEN_BRACKETS} brackets are open at once.`);
  }
}

function refuseRepeatedKeys(document: Document, lines: LineCounter): void {
  visit(document, {
    Map(_place, map) {
      const known = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (known.has(name)) {
          const { line, col } = lines.linePos(key.range?.[0] ?? 0);
          throw new Error(`the key "${name.slice(0, 80)}" comes twice at line ${line}, column ${col}.`);
        }
        known.add(name);
      }
    },
  });
}
