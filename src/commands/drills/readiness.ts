import type { Drill } from "../../domain/drills/drill.js";
import type { Evaluation } from "../../domain/drills/evaluation.js";
import { DrillPolicy } from "../../domain/drills/policy.js";
import { type Readiness, readinessOf } from "../../domain/drills/readiness.js";
import type { PlanVersion } from "../../domain/plans/plan.js";
import { planItemIds } from "../../domain/plans/plan-rules.js";
import { readEach } from "../../executions/read-each.js";
import type { Services } from "../context.js";
import { getPlan } from "../plans.js";
import { fingerprintOf } from "./production.js";
import { nextDueOf } from "./schedules.js";

/** Drills of a plan that are read to find the last ones of each kind. */
const LOOKED_AT = 20;

export interface PlanReadiness {
  planId: string;
  planVersion: number;
  readiness: Readiness;
  reasons: string[];
  lastPassed: Drill | null;
  lastDrill: Drill | null;
  nextDue: string | null;
  evaluation: Evaluation | null;
}

/** The readiness of a plan as it is now. */
export async function viewReadiness(services: Services, planId: string): Promise<PlanReadiness> {
  const { value } = await getPlan(services, planId);
  const [{ passed, last, newest }, evaluation] = await Promise.all([
    drillsOf(services, planId),
    services.store.getEvaluation(planId),
  ]);
  // Of another version it says nothing about this one.
  const current = evaluation?.planVersion === value.version ? evaluation : null;
  const judged = await judge(services, value, { passed, last, wouldNotStart: problemsOf(current) });
  const lastPassed = passed[0] ?? null;
  const rest = { lastPassed, lastDrill: newest, nextDue: nextDueOf(services, value.plan), evaluation: current };
  return { planId, planVersion: value.version, ...judged, ...rest };
}

const problemsOf = (evaluation: Pick<Evaluation, "wouldStart" | "findings"> | null): string[] =>
  evaluation === null || evaluation.wouldStart ? [] : evaluation.findings.slice(0, 50);

/** The readiness of a plan that was evaluated just now. */
export async function readinessWith(
  services: Services,
  version: PlanVersion,
  evaluation: Pick<Evaluation, "wouldStart" | "findings">,
): Promise<Readiness> {
  const { passed, last } = await drillsOf(services, version.plan.id);
  return (await judge(services, version, { passed, last, wouldNotStart: problemsOf(evaluation) })).readiness;
}

async function drillsOf(
  { store }: Services,
  planId: string,
): Promise<{ passed: Drill[]; last: Drill | null; newest: Drill | null }> {
  const page = { limit: LOOKED_AT };
  const [all, passed] = await Promise.all([store.listDrills(planId, page), store.listPassedDrills(planId, page)]);
  const counts = ({ verdict }: Drill) => verdict !== undefined && verdict.notRun !== "blackout";
  return {
    passed: passed.entries,
    last: all.entries.find(counts) ?? passed.entries[0] ?? null,
    newest: all.entries[0] ?? null,
  };
}

async function judge(
  services: Services,
  { plan, hash }: PlanVersion,
  { passed, last, wouldNotStart }: { passed: Drill[]; last: Drill | null; wouldNotStart: string[] },
): Promise<{ readiness: Readiness; reasons: string[] }> {
  return readinessOf({
    ...{ passed, last, wouldNotStart },
    nowMs: services.clock.now(),
    planHash: hash,
    policy: plan.drill ?? DrillPolicy.parse({}),
    fingerprints: last === null ? new Map() : await fingerprintsOf(services, plan.worldId, planItemIds(plan)),
  });
}

/** The machines as they are; one that cannot be read is another one than was tested. */
async function fingerprintsOf(
  services: Services,
  worldId: string,
  itemIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const known = (await services.store.findItems(worldId, itemIds)).map(({ itemId }) => itemId);
  const read = (ids: readonly string[]) => services.hypervisor.describeItems(worldId, ids);
  const { found, unreadable } = await readEach(known, read);
  return new Map([
    ...found.map((snapshot) => [snapshot.item.id, fingerprintOf(services, snapshot)] as const),
    ...[...unreadable.keys()].map((itemId) => [itemId, "unreadable"] as const),
  ]);
}
