const ESCAPES: Record<string, string> = { "^": "^^", "/": "^0", "\\": "^1", "#": "^2", "?": "^3" };
const UNESCAPES = Object.fromEntries(Object.entries(ESCAPES).map(([plain, escaped]) => [escaped, plain]));
const CONTROL_BASE = 0xc0;

/** Azurite takes no key with a line separator in a transaction. The genuine host does not escape the two. */
const LINE_SEPARATORS = new Set([0x2028, 0x2029]);

/** An instance id as a partition key, escaped as on the genuine host. */
export function partitionKeyOf(instanceId: string): string {
  let key = "";
  for (const character of instanceId) {
    const code = character.codePointAt(0) ?? 0;
    const isControl = code < 0x20 || (code >= 0x7f && code < 0xa0) || LINE_SEPARATORS.has(code);
    key += isControl ? `^${String.fromCodePoint(CONTROL_BASE + code)}` : (ESCAPES[character] ?? character);
  }
  return key;
}

const MAX_ID_LENGTH = 256;
/** Halves of a character, and code points that stand for no character. The storage takes no key with them. */
const UNUSABLE = /[\p{Cs}\p{Noncharacter_Code_Point}]/u;

/** Why no instance can have this id; undefined when one can. */
export function unusableId(instanceId: string): string | undefined {
  if (UNUSABLE.test(instanceId)) return "An instance id has no half characters and no code points without a character.";
  if (instanceId.length > 0 && instanceId.length <= MAX_ID_LENGTH) return undefined;
  return `An instance id has 1 to ${MAX_ID_LENGTH} characters, and this one has ${instanceId.length}.`;
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
