/**
 * Looks at every plan whether it would start now, and touches nothing: no machine, no item, no execution.
 *
 * - E1 It asks the same decision that a start asks, so it says what a start would say.
 * - E2 It writes its own record and nothing else. (test/unit/drills/evaluation.test.ts)
 * - E3 A plan that cannot be looked at holds up no other. (same file)
 */
import { mapInChunks } from "../../domain/chunks.js";
import { asFindings, type Evaluation } from "../../domain/drills/evaluation.js";
import { messageOf, RecoveryError } from "../../domain/errors.js";
import type { ItemRecord } from "../../domain/items/item-record.js";
import type { Plan, PlanVersion } from "../../domain/plans/plan.js";
import { toInstant } from "../../domain/text.js";
import type { Verb } from "../../domain/vocabulary.js";
import { decideOn, recordsOf } from "../../executions/start-facts.js";
import type { Services } from "../context.js";
import { allPages } from "../pages.js";
import { readinessWith } from "./readiness.js";

/** Plans that are looked at at the same time. */
const AT_ONCE = 8;

/** A plan whose readiness is not what it was at the evaluation before. */
export interface Evaluated {
  changed: { planId: string; from: Evaluation["readiness"] | null; to: Evaluation["readiness"] }[];
  errors: string[];
}

export async function evaluatePlans(services: Services): Promise<Evaluated> {
  const { entries, unreadable } = await allPages((page) => services.store.listPlans(page));
  const found: Evaluated = { changed: [], errors: [...unreadable] };
  await mapInChunks(entries, AT_ONCE, (version) => evaluateOne(services, version, found));
  return found;
}

async function evaluateOne(services: Services, version: PlanVersion, found: Evaluated): Promise<void> {
  const planId = version.plan.id;
  try {
    const before = await services.store.getEvaluation(planId);
    const evaluation = await evaluate(services, version);
    if (evaluation === null) return;
    await services.store.putEvaluation(evaluation);
    const { readiness: to } = evaluation;
    if (before?.readiness !== to) found.changed.push({ planId, from: before?.readiness ?? null, to });
  } catch (thrown) {
    found.errors.push(`plan ${planId}: ${messageOf(thrown)}`);
  }
}

/** What a plan would meet if it was needed now; null while an execution holds its machines, and their states mean nothing. */
async function evaluate(services: Services, version: PlanVersion): Promise<Evaluation | null> {
  const { plan, version: planVersion } = version;
  const known = await recordsOf(services, plan.worldId, plan);
  const records = [...known.records.values()];
  if (records.some(({ heldBy }) => heldBy !== null)) return null;
  const verb = verbNeeded(records);
  const asked = { worldId: plan.worldId, verb, plan, alone: false, options: { acknowledgeNoTest: true } };
  const seen = await decided(() => decideOn(services, asked, known));
  const outside = await outsideObjective(services, plan, verb, [...known.records.keys()]);
  const evaluated = { planId: plan.id, planVersion, at: toInstant(services.clock.now()), verb, ...seen };
  const readiness = await readinessWith(services, version, seen);
  return { ...evaluated, outsideObjective: outside.slice(0, 200), readiness };
}

/** The failover that is needed when the site where the machines run is lost. */
const verbNeeded = (records: readonly ItemRecord[]): Verb =>
  records.some(({ direction, state }) => state === "protected" && direction === "recovery-to-primary")
    ? "failback"
    : "unplanned-failover";

async function decided(
  decide: () => ReturnType<typeof decideOn>,
): Promise<Pick<Evaluation, "wouldStart" | "findings">> {
  try {
    const { refusal, findings } = await decide();
    const lines = findings.map(
      ({ itemId, found, severity }) => `${itemId}: ${found}${severity === "warning" ? " (a warning)" : ""}`,
    );
    const told = refusal === null ? lines : [refusal.message, ...refusal.details, ...lines];
    return { wouldStart: refusal === null, findings: asFindings([...new Set(told)]) };
  } catch (thrown) {
    if (!(thrown instanceof RecoveryError)) throw thrown;
    return { wouldStart: false, findings: asFindings([thrown.message]) };
  }
}

async function outsideObjective(
  { hypervisor }: Services,
  { worldId, objectives }: Plan,
  verb: Verb,
  itemIds: readonly string[],
): Promise<Evaluation["outsideObjective"]> {
  const perVerb: Partial<Record<Verb, { rpoSeconds?: number | undefined } | undefined>> = objectives;
  const objectiveSeconds = perVerb[verb]?.rpoSeconds;
  if (objectiveSeconds === undefined || itemIds.length === 0) return [];
  const snapshots = await hypervisor.describeItems(worldId, itemIds);
  return snapshots
    .map(({ item, replication }) => ({ itemId: item.id, rpoSeconds: replication.rpoSeconds, objectiveSeconds }))
    .filter(({ rpoSeconds }) => rpoSeconds > objectiveSeconds);
}
