/** A name and its value, with `%` and two digits for a byte, and `+` for a space. */
const PAIR = /^([\w.~*%+-]+)=([\w.~!*'()%+-]*)$/;

/**
 * The fields of a form (`application/x-www-form-urlencoded`), or undefined if it is not one: a name that comes twice, a
 * sign that should have been encoded, or bytes that are no UTF-8.
 */
export function parseForm(text: string): ReadonlyMap<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const pair of text.split("&")) {
    const [, name, value] = PAIR.exec(pair) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const [key, decoded] = [decode(name), decode(value)];
    if (key === undefined || decoded === undefined || fields.has(key)) return undefined;
    fields.set(key, decoded);
  }
  return fields;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
