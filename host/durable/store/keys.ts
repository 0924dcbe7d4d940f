const ESCAPES: Record<string, string> = { "^": "^^", "/": "^0", "\\": "^1", "#": "^2", "?": "^3" };
const UNESCAPES = Object.fromEntries(Object.entries(ESCAPES).map(([plain, escaped]) => [escaped, plain]));
const CONTROL_BASE = 0xc0;

/** An instance id as a partition key, escaped as on the genuine host. */
export function partitionKeyOf(instanceId: string): string {
  let key = "";
  for (const character of instanceId) {
    const code = character.codePointAt(0) ?? 0;
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0);
    key += isControl ? `^${String.fromCodePoint(CONTROL_BASE + code)}` : (ESCAPES[character] ?? character);
  }
  return key;
}

export function instanceIdOf(partitionKey: string): string {
  return partitionKey.replace(/\^(.)/gsu, (escaped, character: string) => {
    const plain = UNESCAPES[escaped];
    return plain ?? String.fromCodePoint((character.codePointAt(0) ?? CONTROL_BASE) - CONTROL_BASE);
  });
}

/** History rows are numbered from 0, in 16 upper-case hexadecimal digits. */
export const historyRowKey = (index: number): string => index.toString(16).toUpperCase().padStart(16, "0");

/** The key of the row that says which execution the history belongs to. */
export const SENTINEL = "sentinel";
