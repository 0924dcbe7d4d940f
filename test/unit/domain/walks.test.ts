import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RESTING_STATES, transition } from "../../../src/domain/items/lifecycle.js";
import { ITINERARIES, itineraryOf } from "../../../src/domain/itineraries.js";
import { opposite } from "../../../src/domain/scenario-traits.js";
import { type Direction, type ItemState, Scenario, Verb } from "../../../src/domain/vocabulary.js";
import { smallPlan } from "../../support/worlds.js";

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

describe("the transition table, whatever is done and however it ends", () => {
  const scenarios = fc.constantFrom(...Scenario.options);
  const steps = fc.array(fc.tuple(fc.constantFrom(...Verb.options), fc.boolean()), { maxLength: 40 });

  test("brings every item to rest between verbs, and always leaves a way home", () => {
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

  /** Verbs that a test failover comes before, also where none can be run now. */
  const AFTER_A_TEST: readonly Verb[] = ["test-clean-up", "promote-test"];

  /** Refusals whose remedies name verbs, none of which is allowed there. */
  function deadEnds(scenario: Scenario, { state, direction }: Place): string[] {
    const verbs = Verb.options.filter((verb) => !AFTER_A_TEST.includes(verb));
    return verbs.flatMap((verb) => {
      const cell = transition(scenario, state, verb, direction);
      const remedies = cell.allowed
        ? []
        : Verb.options.filter((remedy) => cell.remedy?.split(/[ ,]+/).includes(remedy));
      const leadOn = remedies.some((remedy) => transition(scenario, state, remedy, direction).allowed);
      return remedies.length === 0 || leadOn ? [] : [`${scenario} ${state} ${verb}: ${remedies.join(", ")}`];
    });
  }

  test.each(Scenario.options)("of %s names no verb as remedy that is refused there too", (scenario) => {
    const found = (["primary-to-recovery", "recovery-to-primary"] as const).flatMap((direction) =>
      [...RESTING_STATES].flatMap((state) => deadEnds(scenario, { state, direction })),
    );
    expect(found).toEqual([]);
  });
});

describe("the itinerary of any run", () => {
  const circumstances = fc.record({
    required: fc.boolean(),
    skipSourceShutdown: fc.boolean(),
    ownTestNetwork: fc.boolean(),
    cameHome: fc.boolean(),
  });

  test("keeps the order of its verb, visits nothing twice, and only leaves out what circumstances leave out", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Verb.options), circumstances, (verb, { required, ...rest }) => {
        const plan = smallPlan(["a"], { validation: { required } });
        const visited = itineraryOf(verb, { plan, ...rest }).map(({ id }) => id);
        const all: string[] = ITINERARIES[verb].map(({ id }) => id);
        expect(new Set(visited).size).toBe(visited.length);
        expect(all.filter((id) => visited.includes(id))).toEqual(visited);
        const conditional = ITINERARIES[verb].filter((phase) => "when" in phase).map(({ id }) => id);
        for (const id of all) if (!conditional.includes(id)) expect(visited).toContain(id);
      }),
    );
  });
});
