import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { placeAfter, RESTING_STATES } from "../../../src/domain/items/lifecycle.js";
import { type Direction, type ItemState, Scenario, Verb } from "../../../src/domain/vocabulary.js";

interface Place {
  state: ItemState;
  direction: Direction;
}

/** Where a verb may leave an item: when it succeeds, and when it fails. */
const placesAfter = (scenario: Scenario, place: Place, verb: Verb): Place[] =>
  [true, false].flatMap((succeeds) => placeAfter({ scenario, ...place }, verb, succeeds) ?? []);

/** Whether an item can get from one place home: protected, towards the recovery site. */
function comesHome(scenario: Scenario, from: Place): boolean {
  const seen = new Map([[`${from.state} ${from.direction}`, from]]);
  for (const place of seen.values()) {
    for (const verb of Verb.options) {
      for (const next of placesAfter(scenario, place, verb)) seen.set(`${next.state} ${next.direction}`, next);
    }
  }
  return seen.has("protected primary-to-recovery");
}

describe("the transition table, on any walk", () => {
  const scenarios = fc.constantFrom(...Scenario.options);
  const steps = fc.array(fc.tuple(fc.constantFrom(...Verb.options), fc.boolean()), { maxLength: 40 });

  test("leaves every item in a resting state between verbs, and always allows a return to protected", () => {
    fc.assert(
      fc.property(scenarios, steps, (scenario, walk) => {
        let place: Place = { state: "protected", direction: "primary-to-recovery" };
        for (const [verb, succeeds] of walk) {
          const [after, failed] = placesAfter(scenario, place, verb);
          place = (succeeds ? after : failed) ?? place;
          expect(RESTING_STATES.has(place.state)).toBe(true);
        }
        expect(comesHome(scenario, place)).toBe(true);
      }),
    );
  });
});
