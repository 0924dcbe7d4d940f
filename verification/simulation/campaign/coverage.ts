import { transition } from "../../../src/domain/lifecycle.js";
import { OPERATIONS } from "../../../src/domain/operations.js";
import { Direction, FailureAnswer, ItemState, Scenario, Verb } from "../../../src/domain/vocabulary.js";
import type { Evidence } from "../evidence.js";
import { EXECUTION_STATES, reachedByExecutions, transitionName } from "./coverage-executions.js";
import { MACHINERY_STATES, reachedByMachinery } from "./coverage-machinery.js";

/** How often each interesting state was reached, by its name. */
export type Coverage = Map<string, number>;

/**
 * Verbs that a user starts; `cancel` of something under way is a request and has states of its own. Replication is
 * disabled at home only, and an item without it is on no way home.
 */
const transitionNames = (): string[] => [
  ...new Set(
    Scenario.options.flatMap((scenario) => Direction.options.flatMap((direction) => namesOf(scenario, direction))),
  ),
];

const namesOf = (scenario: Scenario, direction: Direction): string[] =>
  ItemState.options
    .filter((state) => !isUnderWay(state) && !(state === "unprotected" && direction === "recovery-to-primary"))
    .flatMap((state) =>
      Verb.options
        .filter((verb) => transition(scenario, state, verb, direction).allowed)
        .flatMap((verb) => OUTCOMES.map((outcome) => transitionName(direction, state, verb, outcome))),
    );

const OUTCOMES = ["succeeded", "not succeeded"] as const;
const isUnderWay = (state: ItemState): boolean => /ing(-|$)/.test(state);

const ESTATE_MODES = ["thrown", "refused", "hanging", "again"] as const;
/** Nothing of the product asks for it: process servers are set up by hand. */
const ASKED = OPERATIONS.filter((operation) => operation !== "deploy-process-server");

/** A run with faults in which everything succeeded was compared with the same one without them. */
export const COMPARED = "ended as without faults, all of it well";

/** Everything that a campaign has to reach, each at least once. */
export const COVERAGE_GOALS: readonly string[] = [
  ...transitionNames(),
  ...ASKED.flatMap((operation) => ESTATE_MODES.map((mode) => `operation ${operation}: ${mode}`)),
  ...Scenario.options.flatMap((scenario) => [`${scenario} failed over`, `${scenario} came home`]),
  ...FailureAnswer.options.map((answer) => `asked after a failure: ${answer}`),
  ...EXECUTION_STATES,
  ...MACHINERY_STATES,
  COMPARED,
];

/** What one run reached. */
export function coverageOf(evidence: Evidence): Coverage {
  const coverage: Coverage = new Map();
  const reach = (name: string): void => {
    coverage.set(name, (coverage.get(name) ?? 0) + 1);
  };
  reachedByExecutions(evidence, reach);
  reachedByMachinery(evidence, reach);
  return coverage;
}

export function addTo(sum: Coverage, more: Iterable<readonly [string, number]>): void {
  for (const [name, count] of more) sum.set(name, (sum.get(name) ?? 0) + count);
}

/** Interesting states that a campaign did not reach. */
export const missedGoals = (coverage: Coverage): string[] => COVERAGE_GOALS.filter((name) => !coverage.has(name));
