/** A stored text as a value: parsed when it is JSON, else the text itself, as texts of failures and terminations are. */
export function parsedOrRaw(text: string | null): unknown {
  if (text === null) return null;
  if (text.trim() === "") return "";
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
