/**
 * What of a plan its drills have exercised, as it is now.
 *
 * - O1 A part counts as exercised if a drill went through it and it has had the same content since; after a change it does
 *   not count until another drill goes through it.
 * - O2 Each gap says which drill would close it, or that none can.
 * Tests: test/unit/domain/drills/coverage.test.ts.
 */
import { z } from "zod";
import { canonicalJson } from "../identity.js";
import type { Plan } from "../plans/plan.js";
import { planActions } from "../plans/plan-rules.js";
import { Guid, Id, Instant } from "../text.js";
import type { Drill } from "./drill.js";
import { DrillPolicy } from "./policy.js";
import { directionOf } from "./readiness.js";

const PartKind = z.enum(["group", "item", "action", "direction", "failure"]);
type PartKind = z.infer<typeof PartKind>;

export const CoveredPart = z.object({
  kind: PartKind,
  id: z.string().describe("of the group, item, action, direction or failure drill"),
  state: z.enum(["exercised", "changed-since", "never"]),
  lastExercised: z.object({ drillId: Guid, at: Instant }).nullable(),
  closedBy: z.string().nullable().describe("the drill that would close the gap; null where there is none to close"),
});
export type CoveredPart = z.infer<typeof CoveredPart>;

export const Coverage = z.object({
  planId: Id,
  planVersion: z.int(),
  exercised: z.int(),
  parts: z.int(),
  score: z.number().min(0).max(1).describe("the share of the parts that are exercised"),
  entries: z.array(CoveredPart).describe("gaps first"),
  onlyGreen: z.boolean().describe("true if no drill has rehearsed a failure"),
});
export type Coverage = z.infer<typeof Coverage>;

/** A drill that tested something, with the plan as it was then. */
export interface PastDrill {
  drill: Drill;
  plan: Plan;
}

/** A part of a plan: its content, by which it is compared, and whether a drill went through it. */
interface Part {
  kind: PartKind;
  id: string;
  content: string;
  closedBy: string;
}

/** @param past newest first */
export function coverageOf(plan: Plan, planVersion: number, past: readonly PastDrill[]): Coverage {
  const contentsThen = past.map((one) => ({ ...one, contents: contentsOf(one.plan) }));
  const entries = partsOf(plan).map((part): CoveredPart => {
    const runs = contentsThen.filter(({ drill }) => wentThrough(drill, part));
    const [same] = runs.filter(({ contents }) => contents.get(keyOf(part)) === part.content);
    const [last] = runs;
    const run = same ?? last;
    return {
      ...{ kind: part.kind, id: part.id },
      state: same !== undefined ? "exercised" : last !== undefined ? "changed-since" : "never",
      lastExercised: run === undefined ? null : { drillId: run.drill.drillId, at: endOf(run.drill) },
      closedBy: same !== undefined ? null : part.closedBy,
    };
  });
  const exercised = entries.filter(({ state }) => state === "exercised").length;
  return {
    planId: plan.id,
    ...{ planVersion, exercised, parts: entries.length },
    score: entries.length === 0 ? 1 : exercised / entries.length,
    entries: [
      ...entries.filter(({ closedBy }) => closedBy !== null),
      ...entries.filter((one) => one.closedBy === null),
    ],
    onlyGreen: !past.some(({ drill }) => drill.verdict?.onlyGreen === false && drill.verdict.result === "passed"),
  };
}

const endOf = ({ verdict, requestedAt }: Drill): string => verdict?.at ?? requestedAt;
const keyOf = ({ kind, id }: Pick<Part, "kind" | "id">): string => `${kind} ${id}`;
const contentsOf = (plan: Plan): ReadonlyMap<string, string> =>
  new Map(partsOf(plan).map((part) => [keyOf(part), part.content]));

function partsOf(plan: Plan): Part[] {
  const { rehearse, failureDrills } = plan.drill ?? DrillPolicy.parse({});
  const next = "a drill that passes there: POST /api/recovery-plans/{planId}/drills";
  const part = (kind: PartKind, id: string, content: unknown, closedBy = next): Part => {
    return { kind, id, content: canonicalJson(content), closedBy };
  };
  return [
    ...plan.groups.map(({ items, ...group }) =>
      part("group", group.id, { ...group, items: items.map(({ id }) => id) }),
    ),
    ...plan.groups.flatMap(({ items }) => items.map((item) => part("item", item.id, item))),
    ...planActions(plan).map(({ place, action }) =>
      part("action", action.id, { place, action }, actionCloser(place, action)),
    ),
    ...rehearse.map((direction) => part("direction", direction, direction, directionCloser(direction))),
    ...failureDrills.map((drill) => part("failure", drill.id, drill, `the failure drill ${drill.id}`)),
  ];
}

const directionCloser = (direction: string): string => `a drill while the machines stand in the direction ${direction}`;

/** A test runs the actions of groups that are for tests, and those of its clean-up. */
function actionCloser(place: string, action: object): string {
  const isOfTest =
    "failoverTypes" in action && Array.isArray(action.failoverTypes) && action.failoverTypes.includes("test");
  if (isOfTest && !place.endsWith("shutdown")) return "a drill that passes there";
  if (place.endsWith("test-clean-up")) return "a drill that cleans up";
  return "no drill runs it: only the real verb does";
}

/** Whether a drill took a part to its end. A failure drill exercises its failure only if it came as expected. */
function wentThrough(drill: Drill, { kind, id }: Part): boolean {
  const { verdict, failureDrillId } = drill;
  if (verdict === undefined || verdict.result === "not-run") return false;
  switch (kind) {
    case "item":
      return verdict.items.some((item) => item.itemId === id && item.drilled);
    case "group": {
      const items = verdict.items.filter(({ groupId }) => groupId === id);
      return items.length > 0 && items.every(({ drilled }) => drilled);
    }
    case "action":
      return verdict.actions.includes(id);
    case "direction":
      return verdict.result === "passed" && directionOf(drill) === id;
    case "failure":
      return verdict.result === "passed" && failureDrillId === id;
  }
}
