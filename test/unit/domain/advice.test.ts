import { describe, expect, test } from "vitest";
import { adviceOn } from "../../../src/domain/items/advice.js";
import { type Place, placeAfter, RESTING_STATES, transition } from "../../../src/domain/items/lifecycle.js";
import { Direction, ItemState, Scenario, Verb } from "../../../src/domain/vocabulary.js";

const isAllowed = ({ scenario, state, direction }: Place, verb: Verb): boolean =>
  transition(scenario, state, verb, direction).allowed;

/** Every verb that is refused in a place, with the advice. */
function refusals(place: Place) {
  return Verb.options.flatMap((verb) => {
    const cell = transition(place.scenario, place.state, verb, place.direction);
    return cell.allowed ? [] : [{ verb, cell, advice: adviceOn(place, verb, cell) }];
  });
}

/** An unprotected item is at home: nothing leads to the other combination. */
const places = (scenario: Scenario): Place[] =>
  Direction.options.flatMap((direction) =>
    ItemState.options
      .filter((state) => state !== "unprotected" || direction === "primary-to-recovery")
      .map((state) => ({ scenario, state, direction })),
  );

describe.each(Scenario.options)("advice on an item of %s", (scenario) => {
  const all = places(scenario).flatMap((place) => refusals(place).map((refusal) => ({ place, ...refusal })));

  test("V1: every chain can be followed to its end, and then the verb is allowed", () => {
    const chains = all.flatMap(({ place, verb, advice }) =>
      advice?.kind === "do-first" ? [{ place, verb, verbs: advice.verbs }] : [],
    );
    expect(chains.length).toBeGreaterThan(20);
    for (const { place, verb, verbs } of chains) {
      let at: Place | null = place;
      for (const step of verbs) at = at && placeAfter(at, step, true);
      expect({ place, verb, verbs, leads: at !== null && isAllowed(at, verb) }).toMatchObject({ leads: true });
    }
  });

  test("V2: the verb to use instead is allowed", () => {
    const instead = all.flatMap(({ place, advice }) =>
      advice?.kind === "use-instead" ? [{ place, verb: advice.verb }] : [],
    );
    expect(instead.length).toBeGreaterThan(3);
    expect(instead.filter(({ place, verb }) => !isAllowed(place, verb))).toEqual([]);
  });

  test("V3: there is advice wherever a verb has something to do, and while something is under way", () => {
    const silent = all.filter(({ place, cell, advice }) => {
      const needed = cell.nothingToDo === null || !RESTING_STATES.has(place.state);
      return needed && advice === null;
    });
    expect(silent.map(({ place, verb }) => `${place.state} ${place.direction} ${verb}`)).toEqual([]);
  });

  test("a chain loses no data: it has no unplanned failover, no failback and no cancel of a failover that succeeded", () => {
    const verbs = all.flatMap(({ advice }) => (advice?.kind === "do-first" ? advice.verbs : []));
    expect(verbs.filter((verb) => verb === "unplanned-failover" || verb === "failback")).toEqual([]);
    const cancels = all.filter(({ place, advice }) => {
      const first = advice?.kind === "do-first" ? advice.verbs[0] : undefined;
      return place.state === "failed-over" && first === "cancel-failover";
    });
    expect(cancels).toEqual([]);
  });
});
