/**
 * Recordings and runs of our own made comparable: what differs from one run to the next is replaced by words, ids of
 * executions by their order of appearance, so that two places that name the same one still do.
 */

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g;
const DASHED_ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const PLAIN_ID = /(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/g;
const ADDRESS = /(http:\/\/)?(127\.0\.0\.1|localhost):\d+/g;

/** @param known ids seen before, for values that belong together. */
export function normalised(value: unknown, known = new Map<string, string>()): unknown {
  const named = (kind: string) => (id: string) => {
    const name = known.get(id) ?? `${kind}-${known.size + 1}`;
    known.set(id, name);
    return name;
  };
  const text = JSON.stringify(value) ?? "null";
  return JSON.parse(
    text
      .replace(TIME, "TIME")
      .replace(DASHED_ID, named("dashed-id"))
      .replace(PLAIN_ID, named("plain-id"))
      .replace(ADDRESS, "ADDRESS"),
  );
}

/**
 * Failures without the `Details` behind them, which hold .NET's own words on the genuine host: a deliberate difference.
 * What user code makes of them, `<reason> \n <details>`, is cut after the reason.
 */
export function withoutDetails(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/( \n )(?:\{|Message: )[\s\S]*$/, "$1DETAILS");
  if (Array.isArray(value)) return value.map(withoutDetails);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([name, part]) =>
    name === "Details" && typeof part === "string" ? [name, "DETAILS"] : [name, withoutDetails(part)],
  );
  return Object.fromEntries(entries);
}
