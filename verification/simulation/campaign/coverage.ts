import { transition } from "../../../src/domain/items/lifecycle.js";
import { Direction, FailureAnswer, ItemState, Scenario, Verb } from "../../../src/domain/vocabulary.js";
import { OperationName } from "../../../src/steps/catalogue.js";
import type { Evidence } from "../evidence.js";
import { APPROVAL_STATES, reachedByApprovals } from "./coverage-approvals.js";
import { EXECUTION_STATES, reachedByExecutions, transitionName } from "./coverage-executions.js";
import { MACHINERY_STATES, reachedByMachinery } from "./coverage-machinery.js";
import { reachedBySteering, STEERING_STATES } from "./coverage-steering.js";

/** The number of times that each goal was reached, by name. */
export type Coverage = Map<string, number>;

/**
 * Verbs that a user starts. A `cancel` of a running execution is a request and has goals of its own. Replication is
 * disabled only at the primary site, so an unprotected item has no direction of recovery-to-primary.
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
/** The product never requests this one: process servers are deployed by hand. */
const REQUESTED_OPERATIONS = OperationName.options.filter((operation) => operation !== "deploy-process-server");

/** A run with faults in which everything succeeded was compared with the same run without faults. */
export const COMPARED = "same final state as without faults";

/** Every goal that a full campaign has to reach at least once. */
export const COVERAGE_GOALS: readonly string[] = [
  ...transitionNames(),
  ...REQUESTED_OPERATIONS.flatMap((operation) => ESTATE_MODES.map((mode) => `operation ${operation}: ${mode}`)),
  ...Scenario.options.flatMap((scenario) => [`${scenario} failed over`, `${scenario} came home`]),
  ...FailureAnswer.options.map((answer) => `failure resolved with ${answer}`),
  ...EXECUTION_STATES,
  ...APPROVAL_STATES,
  ...STEERING_STATES,
  ...MACHINERY_STATES,
  COMPARED,
];

/** The goals that one run reached. */
export function coverageOf(evidence: Evidence): Coverage {
  const coverage: Coverage = new Map();
  const reach = (name: string): void => {
    coverage.set(name, (coverage.get(name) ?? 0) + 1);
  };
  reachedByExecutions(evidence, reach);
  reachedByApprovals(evidence, reach);
  reachedBySteering(evidence, reach);
  reachedByMachinery(evidence, reach);
  return coverage;
}

export function addTo(sum: Coverage, more: Iterable<readonly [string, number]>): void {
  for (const [name, count] of more) sum.set(name, (sum.get(name) ?? 0) + count);
}

/** Goals that a campaign did not reach. */
export const missedGoals = (coverage: Coverage): string[] => COVERAGE_GOALS.filter((name) => !coverage.has(name));
