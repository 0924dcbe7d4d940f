import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RESTING_STATES, transition } from "../../../src/domain/items/lifecycle.js";
import { opposite } from "../../../src/domain/scenario-traits.js";
import { type Direction, type ItemState, Scenario, Verb } from "../../../src/domain/vocabulary.js";

interface Place {
  state: ItemState;
  direction: Direction;
}

/** Where a verb may leave an item: a reprotect that succeeds turns the way round. */
function placesAfter(scenario: Scenario, { state, direction }: Place, verb: Verb): Place[] {
  const cell = transition(scenario, state, verb, direction);
  if (!cell.allowed) return [];
  const turned = verb === "reprotect" || verb === "full-run" ? opposite(direction) : direction;
  return [
    { state: cell.after, direction: turned },
    { state: cell.failed, direction },
  ];
}

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

  /** Refusals whose remedies name verbs, none of which is allowed there. */
  function deadEnds(scenario: Scenario, { state, direction }: Place): string[] {
    return Verb.options.flatMap((verb) => {
      const cell = transition(scenario, state, verb, direction);
      const remedies = cell.allowed
        ? []
        : Verb.options.filter((remedy) => cell.remedy?.split(/[ ,]+/).includes(remedy));
      const leadOn = remedies.some((remedy) => transition(scenario, state, remedy, direction).allowed);
      return remedies.length === 0 || leadOn ? [] : [`${scenario} ${state} ${verb}: ${remedies.join(", ")}`];
    });
  }

  test.each(Scenario.options)("of %s gives only remedies that are allowed in the same state", (scenario) => {
    const found = (["primary-to-recovery", "recovery-to-primary"] as const).flatMap((direction) =>
      [...RESTING_STATES].flatMap((state) => deadEnds(scenario, { state, direction })),
    );
    expect(found).toEqual([]);
  });
});
