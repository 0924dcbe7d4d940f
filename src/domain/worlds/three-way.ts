import { canonicalJson } from "../identity.js";

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const idOf = (value: unknown): string | null =>
  isFields(value) && typeof value["id"] === "string" ? value["id"] : null;

const isListOfIds = (value: unknown): value is unknown[] =>
  Array.isArray(value) && value.every((entry) => idOf(entry) !== null);

export const isSame = (one: unknown, other: unknown): boolean => canonicalJson(one) === canonicalJson(other);

/**
 * Applies to `live` what changed from `base` to `next`, field by field. What did not change stays as it is now, such as
 * a server that was deployed since. Doing it twice changes nothing more.
 */
export function withChanges<T>(base: T, next: T, live: T): T {
  return merged(base, next, live) as T;
}

function merged(base: unknown, next: unknown, live: unknown): unknown {
  if (isSame(base, next)) return live;
  if (isFields(base) && isFields(next) && isFields(live)) return mergedFields(base, next, live);
  if (isListOfIds(base) && isListOfIds(next) && isListOfIds(live)) return mergedLists(base, next, live);
  return next;
}

function mergedFields(base: Fields, next: Fields, live: Fields): Fields {
  const keys = new Set([...Object.keys(live), ...Object.keys(next)]);
  const fields = [...keys].map((key) => [key, merged(base[key], next[key], live[key])] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

function mergedLists(base: readonly unknown[], next: readonly unknown[], live: readonly unknown[]): unknown[] {
  const byId = (list: readonly unknown[]) => new Map(list.map((entry) => [idOf(entry), entry]));
  const [before, after, now] = [byId(base), byId(next), byId(live)];
  const ids = new Set([...after.keys(), ...now.keys()]);
  return [...ids].flatMap((id) => {
    const entry = merged(before.get(id), after.get(id), now.get(id));
    return entry === undefined ? [] : [entry];
  });
}
