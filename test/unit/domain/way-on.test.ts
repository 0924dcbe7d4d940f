/**
 * From every combination of states that the items of a plan can reach, some chain of verbs brings all of them to
 * protected at one side, together. The search is exhaustive: every verb, on the plan, on a part of it and on each item,
 * with every combination of successes and failures.
 */
import { describe, expect, test } from "vitest";
import type { Advice } from "../../../src/domain/items/advice.js";
import { type LifecycleItem, mayStart, mayStartAlone } from "../../../src/domain/items/allowed-actions.js";
import { type Place, placeAfter } from "../../../src/domain/items/lifecycle.js";
import { Plan } from "../../../src/domain/plans/plan.js";
import { selectItems } from "../../../src/domain/start/decide-start.js";
import { type Direction, type ItemState, Scenario, Verb } from "../../../src/domain/vocabulary.js";

interface Estate {
  scenario: Scenario;
  items: readonly string[];
  grouped: boolean;
}

/** Where each item stands, as `state direction` texts joined by a bar. */
type Standing = string;

const START = "protected primary-to-recovery";
const placesOf = (standing: Standing): string[] => standing.split("|");

function recordsOf({ scenario, items, grouped }: Estate, standing: Standing): LifecycleItem[] {
  const places = placesOf(standing);
  return items.map((itemId, at) => {
    const [state, direction] = (places[at] ?? START).split(" ") as [ItemState, Direction];
    return { itemId, scenario, state, direction, replicationGroupId: grouped ? "rg" : null, heldBy: null };
  });
}

const planOf = (items: readonly string[]): Plan =>
  Plan.parse({
    id: "plan",
    name: "plan",
    worldId: "w",
    groups: [{ id: "g", name: "g", items: items.map((id) => ({ id })) }],
  });

/** The items that a start takes, or none when it is refused. */
function taken(
  estate: Estate,
  records: readonly LifecycleItem[],
  verb: Verb,
  who: { item: string } | { without: string[] },
) {
  const alone = "item" in who;
  const options = alone || who.without.length === 0 ? {} : { without: who.without };
  const plan = planOf(alone ? [who.item] : estate.items);
  const known = new Map(records.map((record) => [record.itemId, record]));
  const { items } = selectItems(
    { verb, plan, alone, options },
    { records: known, unreadable: new Map(), members: records },
  );
  if (items.some(({ decision }) => decision === "blocked")) return [];
  return items.flatMap(({ decision, itemId }) => (decision === "take" ? [itemId] : []));
}

/** Every part of the items but the whole, the empty one first. */
const subsets = (ids: readonly string[]): string[][] =>
  Array.from({ length: 2 ** ids.length - 1 }, (_, bits) => ids.filter((_id, at) => (bits >> at) % 2 === 1));

function startsFrom(estate: Estate, standing: Standing): { verb: Verb; items: string[]; records: LifecycleItem[] }[] {
  const records = recordsOf(estate, standing);
  const whos = [...subsets(estate.items).map((without) => ({ without })), ...estate.items.map((item) => ({ item }))];
  return Verb.options.flatMap((verb) =>
    whos.flatMap((who) => {
      const items = taken(estate, records, verb, who);
      return items.length === 0 ? [] : [{ verb, items, records }];
    }),
  );
}

/** Where the items stand after a start in which those of `failing` fail. */
function after(
  records: readonly LifecycleItem[],
  verb: Verb,
  items: readonly string[],
  failing: readonly string[],
): Standing {
  return records
    .map((record) => {
      const next = items.includes(record.itemId)
        ? placeAfter(record as Place, verb, !failing.includes(record.itemId))
        : record;
      return `${next?.state} ${next?.direction}`;
    })
    .join("|");
}

const together = (standing: Standing): boolean => {
  const places = new Set(placesOf(standing));
  return places.size === 1 && standing.startsWith("protected");
};

/** Every standing that can be reached, and those from which no chain of successes brings all items together. */
function search(estate: Estate, failuresOf: (items: readonly string[]) => string[][]) {
  const reached = new Set([estate.items.map(() => START).join("|")]);
  const back = new Map<Standing, Standing[]>();
  for (const standing of reached) {
    for (const { verb, items, records } of startsFrom(estate, standing)) {
      const success = after(records, verb, items, []);
      back.set(success, [...(back.get(success) ?? []), standing]);
      reached.add(success);
      for (const failing of failuresOf(items)) reached.add(after(records, verb, items, failing));
    }
  }
  const home = new Set([...reached].filter(together));
  for (const standing of home) for (const before of back.get(standing) ?? []) home.add(before);
  return { reached, stuck: [...reached].filter((standing) => !home.has(standing)) };
}

const everyFailure = (items: readonly string[]): string[][] =>
  [...subsets(items), [...items]].filter((some) => some.length > 0);
const oneOrAll = (items: readonly string[]): string[][] => [[...items], items.slice(0, 1)];

describe.each([true, false])("two items, in one replication group: %s", (grouped) => {
  test.each(Scenario.options)("of %s always have a way on", (scenario) => {
    const { reached, stuck } = search({ scenario, items: ["a", "b"], grouped }, everyFailure);
    expect(stuck).toEqual([]);
    expect(reached.size).toBeGreaterThan(60);
  });
});

test("three members of a replication group always have a way on", () => {
  const { reached, stuck } = search({ scenario: "vmware-to-azure", items: ["a", "b", "c"], grouped: true }, oneOrAll);
  expect(stuck).toEqual([]);
  expect(reached.size).toBeGreaterThan(200);
});

/** Whether the advice that a member gets names only what is allowed now. */
function canFollow(estate: Estate, records: readonly LifecycleItem[], item: LifecycleItem, verb: Verb, advice: Advice) {
  const alone = (one: LifecycleItem, wanted: Verb) => mayStartAlone(one, wanted, records).allowed;
  const isAllowed = (wanted: Verb | undefined, withGroup = false) =>
    wanted !== undefined && (withGroup ? mayStart(item, wanted).allowed : alone(item, wanted));
  switch (advice.kind) {
    case "do-first":
      return isAllowed(advice.verbs[0], advice.withGroup);
    case "use-instead":
      return isAllowed(advice.verb, advice.withGroup);
    case "use-plan":
      return taken(estate, records, verb, { without: [] }).includes(item.itemId);
    case "reunite-group": {
      const others = records.filter(({ itemId }) => advice.itemIds.includes(itemId));
      const canMove = others.every((other) => Verb.options.some((one) => alone(other, one)));
      return isAllowed("cancel-failover") && others.length > 0 && canMove;
    }
    case "wait":
      return false; // nothing is under way here
  }
}

/** The advice of a standing that cannot be followed. */
function badAdvice(estate: Estate, standing: Standing): string[] {
  const records = recordsOf(estate, standing);
  const refusals = records.flatMap((item) =>
    Verb.options.map((verb) => ({ item, verb, cell: mayStartAlone(item, verb, records) })),
  );
  return refusals.flatMap(({ item, verb, cell }) => {
    if (cell.allowed || cell.advice === null || canFollow(estate, records, item, verb, cell.advice)) return [];
    return [`${standing}: ${item.itemId} ${verb}: ${JSON.stringify(cell.advice)}`];
  });
}

test.each(Scenario.options)(
  "advice on members of a replication group of %s can be followed from every state",
  (scenario) => {
    const estate = { scenario, items: ["a", "b"], grouped: true };
    const { reached } = search(estate, everyFailure);
    expect([...reached].flatMap((standing) => badAdvice(estate, standing))).toEqual([]);
  },
);
