import type { Effect, Facts } from "./facts.js";
import { type Violation, violation } from "./violation.js";

/** The identity of an effect without its key: one operation, in one attempt of one execution, on one subject. */
const identityOf = (subjectId: string, { entry, key }: Pick<Effect, "entry" | "key">): string =>
  `${key.executionId}/${entry.operation}.${key.attempt}/${subjectId}/${key.subject}`;

function duplicates(subjectId: string, effects: readonly Pick<Effect, "entry" | "key">[]): Violation[] {
  const seen = new Map<string, Pick<Effect, "entry" | "key">>();
  return effects.flatMap((effect) => {
    const identity = identityOf(subjectId, effect);
    const first = seen.get(identity);
    if (first === undefined) {
      seen.set(identity, effect);
      return [];
    }
    const { operation, at, key } = effect.entry;
    const what = `${operation} of ${subjectId} took effect at ${first.entry.at} and again at ${at}, under ${key}`;
    return [violation("I9", what, first.entry, effect.entry)];
  });
}

/** I9: each step of an execution has at most one effect on a subject, however often its activity ran. */
export function effectsAtMostOnce({ items, sites }: Facts): Violation[] {
  return [
    ...items.flatMap(({ item, effects }) => duplicates(item.itemId, effects)),
    ...sites.flatMap(({ site, effects }) => duplicates(site.siteId, effects)),
  ];
}
