import { check } from "../checker/index.js";
import { finalStates } from "../checker/outcomes.js";
import type { Boundary, Evidence } from "../evidence.js";
import type { Fault } from "../generators/faults.js";
import { simulate } from "../simulate.js";
import { type BoundaryCounts, type CrashCase, scriptOf } from "./crash-cases.js";

/** Where the host is stopped: each history append, effect, reply, write and request. */
const BOUNDARIES: readonly Boundary[] = [
  "history-commit",
  "operation",
  "activity",
  "table-write",
  "instance-create",
  "inbox-append",
  "request",
];
/** The next host starts after this time. */
const PAUSE_MS = 5_000;

/** A point at which the host dies: before or after the `nth` call of a boundary took effect. */
export interface CrashPoint extends CrashCase {
  at: Boundary;
  nth: number;
  after: boolean;
}

export const nameOf = ({ scenario, verb, at, nth, after }: CrashPoint): string =>
  `${verb} of ${scenario}, ${after ? "after" : "before"} ${at} ${nth}`;

/** A case without faults, and all of its crash points. */
export interface FaultFreeRun {
  evidence: Evidence;
  points: CrashPoint[];
}

export async function runFaultFree(crashCase: CrashCase): Promise<FaultFreeRun> {
  let callCounts: BoundaryCounts | undefined;
  const script = scriptOf(crashCase, [], (noted) => {
    callCounts = noted;
  });
  const evidence = await simulate(0, { script });
  const from = (at: Boundary): number => callCounts?.from.get(at) ?? 0;
  const points = BOUNDARIES.flatMap((at) =>
    Array.from({ length: (callCounts?.to.get(at) ?? 0) - from(at) }, (_, index) => from(at) + index + 1).flatMap(
      (nth) => [false, true].map((after) => ({ ...crashCase, at, nth, after })),
    ),
  );
  return { evidence, points };
}

/** Whether an execution declares, item by item, that something did not succeed. */
const declares = ({ store }: Evidence): boolean =>
  store.executions.some((execution) => execution.status !== "succeeded" && "outcomes" in execution);

/**
 * What is wrong with a run whose host died at the point. Empty when it ends like the fault-free run, or declares that
 * it does not.
 */
export async function violationsAt(point: CrashPoint, { evidence: expected }: FaultFreeRun): Promise<string[]> {
  const { at, nth, after } = point;
  const crash: Fault = { id: "crash", kind: "crash", at, nth, after, pauseMs: PAUSE_MS, inFlight: 0 };
  const evidence = await simulate(0, { script: scriptOf(point, [crash]) });
  const violations = await check(evidence);
  const wrong = violations.map(({ invariant, what }) => `${nameOf(point)}: ${invariant} ${what}`);
  const same = JSON.stringify([...finalStates(evidence)]) === JSON.stringify([...finalStates(expected)]);
  if (!evidence.injectedFaults.some(({ kind }) => kind === "crash")) wrong.push(`${nameOf(point)}: no host crashed`);
  return same || declares(evidence)
    ? wrong
    : [...wrong, `${nameOf(point)}: the final state differs, and no execution declares it`];
}
