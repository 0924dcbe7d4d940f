import { check } from "../checker/index.js";
import { finalsOf } from "../checker/outcomes.js";
import type { Boundary, Evidence } from "../evidence.js";
import type { Mishap } from "../generators/faults.js";
import { simulate } from "../simulate.js";
import { type Journey, type Passed, scriptOf } from "./crash-scenarios.js";

/** Where a host is stopped: each history append, effect, reply, write and request. */
const BOUNDARIES: readonly Boundary[] = [
  "history-commit",
  "operation",
  "activity",
  "table-write",
  "instance-create",
  "inbox-append",
  "request",
];
/** Another host starts so much later. */
const PAUSE_MS = 5_000;

/** One place at which the host dies: before or after the `nth` call of a boundary took effect. */
export interface CrashPoint extends Journey {
  at: Boundary;
  nth: number;
  after: boolean;
}

export const nameOf = ({ scenario, verb, at, nth, after }: CrashPoint): string =>
  `${verb} of ${scenario}, ${after ? "after" : "before"} ${at} ${nth}`;

/** A journey that nothing disturbs, and every place in it at which a host may die. */
export interface Undisturbed {
  evidence: Evidence;
  points: CrashPoint[];
}

export async function undisturbed(journey: Journey): Promise<Undisturbed> {
  let passed: Passed | undefined;
  const script = scriptOf(journey, [], (noted) => {
    passed = noted;
  });
  const evidence = await simulate(0, { script });
  const from = (at: Boundary): number => passed?.from.get(at) ?? 0;
  const points = BOUNDARIES.flatMap((at) =>
    Array.from({ length: (passed?.to.get(at) ?? 0) - from(at) }, (_, index) => from(at) + index + 1).flatMap((nth) =>
      [false, true].map((after) => ({ ...journey, at, nth, after })),
    ),
  );
  return { evidence, points };
}

/** An execution that says itself, item by item, that not everything came off. */
const declares = ({ store }: Evidence): boolean =>
  store.executions.some((execution) => execution.status !== "succeeded" && "outcomes" in execution);

/** What is wrong with a run whose host died at a point; empty when it ends as the undisturbed one, or says that it does not. */
export async function wrongAt(point: CrashPoint, { evidence: expected }: Undisturbed): Promise<string[]> {
  const { at, nth, after } = point;
  const crash: Mishap = { id: "crash", kind: "crash", at, nth, after, pauseMs: PAUSE_MS, inFlight: 0 };
  const evidence = await simulate(0, { script: scriptOf(point, [crash]) });
  const violations = await check(evidence);
  const wrong = violations.map(({ invariant, what }) => `${nameOf(point)}: ${invariant} ${what}`);
  const same = JSON.stringify([...finalsOf(evidence)]) === JSON.stringify([...finalsOf(expected)]);
  if (!evidence.disturbances.some(({ kind }) => kind === "crash")) wrong.push(`${nameOf(point)}: no host died`);
  return same || declares(evidence) ? wrong : [...wrong, `${nameOf(point)}: it ended otherwise, and does not say so`];
}
