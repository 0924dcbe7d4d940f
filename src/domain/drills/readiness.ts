/**
 * Whether a plan would work, as far as drills have shown. It is computed when somebody asks, so it is never older than the
 * plan and its machines.
 *
 * - R1 `ready` needs a drill that passed, of this content of the plan and of these machines, in every direction that the
 *   policy wants, which is not too old. Any change of plan, machine or policy makes it `stale` at once.
 * - R2 A later drill that did not pass counts more than an earlier one that did, and so does an evaluation by which the plan
 *   would not start. A drill that a blackout held back counts for nothing.
 * - R3 Everything but `ready` has its reasons.
 * Tests: test/unit/domain/drills/readiness.test.ts.
 */
import { z } from "zod";
import { toMs } from "../text.js";
import type { Direction } from "../vocabulary.js";
import { listed } from "../wording.js";
import type { Drill } from "./drill.js";
import type { DrillPolicy } from "./policy.js";

export const Readiness = z.enum(["ready", "stale", "failing", "never-tested", "overdue"]);
export type Readiness = z.infer<typeof Readiness>;

export interface ReadinessFacts {
  nowMs: number;
  planHash: string;
  policy: DrillPolicy;
  /** The machines of the plan as they are now, by item. */
  fingerprints: ReadonlyMap<string, string>;
  /** The drills that passed, newest first. */
  passed: readonly Drill[];
  /** The last drill that was more than a blackout. */
  last: Drill | null;
  /** What the last evaluation found that would keep the plan from starting. */
  wouldNotStart: readonly string[];
}

const DAY_MS = 86_400_000;

/** The direction in which the machines of a drill stood; null if they stood in both. */
export function directionOf({ before }: Pick<Drill, "before">): Direction | null {
  const directions = new Set((before?.items ?? []).map(({ direction }) => direction));
  const [only] = directions;
  return directions.size === 1 && only !== undefined ? only : null;
}

export function readinessOf(facts: ReadinessFacts): { readiness: Readiness; reasons: string[] } {
  const { passed, last, wouldNotStart } = facts;
  if (last === null) return { readiness: "never-tested", reasons: ["no drill of the plan has run"] };
  const failures = failuresOf(last, passed[0]);
  const all = [...failures, ...wouldNotStart.map((what) => `it would not start: ${what}`)];
  if (all.length > 0) return { readiness: "failing", reasons: all };
  const judged = facts.policy.rehearse.map((direction) => judge(facts, direction));
  const stale = judged.flatMap(({ changes }) => changes);
  if (stale.length > 0) return { readiness: "stale", reasons: stale };
  const old = judged.flatMap(({ overdue }) => overdue);
  return old.length > 0 ? { readiness: "overdue", reasons: old } : { readiness: "ready", reasons: [] };
}

/** Why the last drill says that the plan would not work. */
function failuresOf(last: Drill, passed: Drill | undefined): string[] {
  const { verdict, drillId } = last;
  if (verdict === undefined || verdict.result === "passed" || drillId === passed?.drillId) return [];
  return [`the drill of ${last.requestedAt} is ${verdict.result}`, ...verdict.because].slice(0, 50);
}

/** What a direction lacks: a drill that passed and is of what is there now, and that is not too old. */
function judge(facts: ReadinessFacts, direction: Direction): { changes: string[]; overdue: string[] } {
  const drill = facts.passed.find((one) => directionOf(one) === direction && wasWhole(one));
  if (drill === undefined) return { changes: [`no drill has passed in the direction ${direction}`], overdue: [] };
  const at = drill.verdict?.at ?? drill.requestedAt;
  const days = facts.policy.overdueAfterDays;
  const isOld = facts.nowMs - toMs(at) > days * DAY_MS;
  return {
    changes: changesSince(drill, facts),
    overdue: isOld ? [`the last drill in the direction ${direction} passed at ${at}, more than ${days} days ago`] : [],
  };
}

/** A failure drill may pass although machines were expected to fail. It shows nothing about those. */
const wasWhole = ({ verdict }: Drill): boolean => (verdict?.items ?? []).every(({ drilled }) => drilled);

function changesSince({ planHash, planVersion, before }: Drill, facts: ReadinessFacts): string[] {
  const then = new Map((before?.items ?? []).map(({ itemId, fingerprint }) => [itemId, fingerprint]));
  const changed = [...facts.fingerprints].filter(([itemId, now]) => then.has(itemId) && then.get(itemId) !== now);
  const added = [...facts.fingerprints.keys()].filter((itemId) => !then.has(itemId));
  const gone = [...then.keys()].filter((itemId) => !facts.fingerprints.has(itemId));
  const told = (what: string, ids: readonly string[]) => (ids.length === 0 ? [] : [`${what}: ${listed(ids)}`]);
  return [
    ...(planHash === facts.planHash
      ? []
      : [`the plan or its policy changed since version ${planVersion}, which passed`]),
    ...told(
      "machines changed since the drill",
      changed.map(([itemId]) => itemId),
    ),
    ...told("machines that were not in the drill", added),
    ...told("machines of the drill that are gone", gone),
  ];
}
