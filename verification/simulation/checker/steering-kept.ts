import { isDeepStrictEqual } from "node:util";
import type { Steering } from "../../../src/domain/steering/steering.js";
import { actionOfStep } from "../../../src/steps/plan-steps.js";
import type { SteeringRequest } from "../client/steering-requests.js";
import type { ClientEntry } from "../evidence.js";
import { decisionsOf } from "./decisions.js";
import type { Facts } from "./facts.js";
import { actsIn, type ExecutionWrite, executionWritesOf, pausesIn } from "./steering-records.js";
import { moment, type Violation, violation } from "./violation.js";

type Steer = Extract<SteeringRequest, { kind: "steer" }>;
type Steered = ClientEntry & { request: Steer };

/** I33: steering that was acknowledged is in the record for good, each act once, and a repeated request answers alike. */
export const steeringIsKept = (facts: Facts): Violation[] => [
  ...[...executionWritesOf(facts)].flatMap(([executionId, writes]) => [
    ...forgotten(executionId, writes),
    ...recordedTwice(executionId, writes),
  ]),
  ...acknowledged(facts).flatMap((entry) => missing(facts, entry)),
  ...answeredOtherwise(facts),
];

const acknowledged = ({ evidence }: Facts): Steered[] =>
  evidence.client.filter((entry): entry is Steered => entry.request.kind === "steer" && entry.outcome === "ok");

/** The list only grows. */
function forgotten(executionId: string, writes: readonly ExecutionWrite[]): Violation[] {
  return writes.flatMap(({ atMs, record }, at) => {
    const before = writes[at - 1]?.record.steering ?? [];
    const kept = isDeepStrictEqual((record.steering ?? []).slice(0, before.length), before);
    return kept
      ? []
      : [violation("I33", `${executionId} lost some of its steering at ${moment(atMs)}`, before, record)];
  });
}

/** What an act is about: the same twice in a row, or at all, has no second effect. */
function subjectOf(made: Steering): { once: string[]; notInARow: string | null } {
  switch (made.action) {
    case "pause":
    case "resume":
      return { once: [], notInARow: made.action };
    case "switch-to-unplanned":
      return { once: [made.action], notInARow: null };
    case "skip":
      return { once: made.stepIds.map((id) => `skip ${id}`), notInARow: null };
    case "extend":
      return { once: [`extend ${made.stepId} from ${made.from}`], notInARow: null };
    case "edit":
      return { once: [], notInARow: `edit ${made.planVersion}` };
    case "retry":
      return { once: made.itemIds.map((id) => `retry ${id} after ${made.asks}`), notInARow: null };
  }
}

function recordedTwice(executionId: string, writes: readonly ExecutionWrite[]): Violation[] {
  const list = writes.at(-1)?.record.steering ?? [];
  const subjects = list.map(subjectOf);
  const all = subjects.flatMap(({ once }) => once);
  const twice = all.filter((one, at) => all.indexOf(one) !== at);
  const rows = [/^(pause|resume)$/, /^edit /].map((kind) =>
    subjects.flatMap(({ notInARow }) => (notInARow !== null && kind.test(notInARow) ? [notInARow] : [])),
  );
  const inARow = rows.flatMap((row) => row.filter((one, at) => row[at - 1] === one));
  return [...twice, ...inARow].map((what) => violation("I33", `${executionId} recorded "${what}" twice`, ...list));
}

/** Why an acknowledged act is not to be seen; nothing when it is. */
function missing(facts: Facts, entry: Steered): Violation[] {
  const { executionId, act } = entry.request;
  const writes = executionWritesOf(facts).get(executionId) ?? [];
  if (isKept(facts, writes, entry)) return [];
  const what = `the ${act.action} of ${executionId}, acknowledged at ${moment(entry.endedMs ?? entry.atMs)}, is lost`;
  return [violation("I33", what, entry, ...actsIn(writes))];
}

function isKept(facts: Facts, writes: readonly ExecutionWrite[], { request, atMs, endedMs }: Steered): boolean {
  const { act, executionId } = request;
  const made = actsIn(writes).map((one) => one.made);
  const untilMs = endedMs ?? atMs;
  const pauses = pausesIn(writes);
  switch (act.action) {
    case "pause":
      return pauses.some(({ fromMs, toMs }) => fromMs <= untilMs && toMs >= atMs);
    case "resume":
      return !pauses.some(({ fromMs, toMs }) => fromMs < atMs && toMs > untilMs);
    case "switch-to-unplanned":
      return made.some(({ action }) => action === act.action);
    case "edit":
      return made.some((one) => one.action === "edit" && one.planVersion === act.planVersion);
    case "extend":
      return made.some((one) => one.action === "extend" && one.stepId === act.stepId && one.from === act.until);
    case "skip":
      return act.stepIds.every((id) => isSkipped(facts, executionId, made, id));
    case "retry":
      return (
        decisionsOf(facts, executionId, "resolve").some((one) => one.made.answer === "retry") ||
        made.some((one) => one.action === "retry" && (act.itemIds ?? []).every((id) => one.itemIds.includes(id)))
      );
  }
}

/** An action is skipped by a decision about it. */
function isSkipped(facts: Facts, executionId: string, made: readonly Steering[], stepId: string): boolean {
  const action = actionOfStep(stepId);
  if (action === undefined) return made.some((one) => one.action === "skip" && one.stepIds.includes(stepId));
  return decisionsOf(facts, executionId, "confirm").some(
    (one) => one.made.actionId === action.actionId && one.made.skipped === true,
  );
}

/** Acts of which the second sending can never be another one. */
const SAME_FOREVER: ReadonlySet<string> = new Set(["switch-to-unplanned", "skip", "extend"]);
/** Nothing can be steered any more, or its record cannot be read. */
const OVER: ReadonlySet<string> = new Set(["execution-ended", "row-unreadable"]);

function answeredOtherwise(facts: Facts): Violation[] {
  const { client } = facts.evidence;
  return client.flatMap((entry) => {
    const { request, outcome, code, repeats } = entry;
    if (request.kind !== "steer" || outcome !== "refused" || !SAME_FOREVER.has(request.act.action)) return [];
    const first = client.find((other) => (other.n === repeats || other.repeats === repeats) && other.outcome === "ok");
    const wasCancelled =
      (facts.executions.get(request.executionId)?.cancelMs ?? Infinity) <= (entry.endedMs ?? Infinity);
    if (repeats === null || first === undefined || first.n > entry.n || OVER.has(code ?? "") || wasCancelled) return [];
    const what = `the ${request.act.action} of ${request.executionId} was acknowledged, and refused with ${code} when it was sent again`;
    return [violation("I33", what, first, entry)];
  });
}
