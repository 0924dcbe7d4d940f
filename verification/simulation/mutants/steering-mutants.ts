import type { Services } from "../../../src/commands/context.js";
import type { Execution } from "../../../src/domain/execution.js";
import type { SteeringAction } from "../../../src/domain/steering/steering.js";
import type { Mutant } from "./mutant.js";
import { changeInput, wrapStore } from "./wrap.js";

/** Steps to which an act of steering is unknown. */
const deafTo =
  (action: SteeringAction): NonNullable<Mutant["services"]> =>
  (services: Services) => ({
    ...services,
    steeringOf: async (executionId, fresh) => {
      const seen = await services.steeringOf(executionId, fresh);
      return seen && { ...seen, steering: seen.steering?.filter((one) => one.action !== action) };
    },
  });

/** A store that writes records of executions otherwise than it was asked to. */
const writeOtherwise = (change: (execution: Execution) => Execution) =>
  wrapStore((store) => ({ updateExecution: (execution, etag) => store.updateExecution(change(execution), etag) }));

const withoutSkips = (execution: Execution): Execution =>
  execution.steering === undefined
    ? execution
    : { ...execution, steering: execution.steering.filter(({ action }) => action !== "skip") };

function withoutCancelledTimer(execution: Execution): Execution {
  if (!("outcomes" in execution) || execution.commitTimer?.end?.kind !== "cancelled") return execution;
  const { end: _, ...timer } = execution.commitTimer;
  return { ...execution, commitTimer: timer };
}

export const STEERING_MUTANTS: readonly Mutant[] = [
  { breaks: "I31", what: "steps that do not look for a pause", services: deafTo("pause") },
  { breaks: "I32", what: "steps that do not look for a skip", services: deafTo("skip") },
  {
    breaks: "I33",
    what: "a store that acknowledges a skip and forgets it",
    services: writeOtherwise(withoutSkips),
  },
  {
    breaks: "I34",
    what: "commit timers that last half of their time",
    activities: changeInput("begin-commit-timer", (begun: { afterMs: number }) => ({
      ...begun,
      afterMs: begun.afterMs / 2,
    })),
  },
  {
    breaks: "I34",
    what: "a store that acknowledges the cancel of a commit timer and forgets it",
    services: writeOtherwise(withoutCancelledTimer),
  },
];
