import type { Drill } from "../../domain/drills/drill.js";
import { blackoutAt, DrillPolicy } from "../../domain/drills/policy.js";
import { RecoveryError } from "../../domain/errors.js";
import { guidOf } from "../../domain/identity.js";
import { toInstant } from "../../domain/text.js";
import { drillContract } from "../../executions/drill-contracts.js";
import type { Page, PageRequest } from "../../store/port.js";
import type { Context, Services } from "../context.js";
import { getPlan } from "../plans.js";
import { beginDrill } from "./start-due.js";

/** What a person asks for. */
export interface DrillRequest {
  idempotencyKey: string;
  planId: string;
  by: string;
  force?: { reason: string } | undefined;
  /** The failure drill of the policy that is wanted. */
  failureDrillId?: string | undefined;
}

/** Starts a drill, or returns the one that the same idempotency key started before. */
export async function requestDrill(context: Context, request: DrillRequest): Promise<Drill> {
  const { idempotencyKey, planId, by, force, failureDrillId } = request;
  const drillId = guidOf(context.hash(`secondsite-drill-request\n${idempotencyKey}`));
  const known = await context.store.getDrill(drillId);
  if (known) return repeated(context, known.value, request);
  const { plan, version, hash } = (await getPlan(context, planId)).value;
  const blackout = force === undefined ? blackoutAt(plan.drill ?? DrillPolicy.parse({}), context.clock.now()) : null;
  if (blackout !== null) throw new RecoveryError("drill-blackout", `plan ${planId} has a blackout now: ${blackout}`);
  const failureDrills = (plan.drill?.failureDrills ?? []).map(({ id }) => id);
  if (failureDrillId !== undefined && !failureDrills.includes(failureDrillId)) {
    const text = `plan ${planId} has no failure drill ${failureDrillId}`;
    throw new RecoveryError("invalid-input", text, [`its failure drills: ${failureDrills.join(", ") || "none"}`]);
  }
  const drill: Drill = {
    drillId,
    planId,
    worldId: plan.worldId,
    planVersion: version,
    planHash: hash,
    trigger: { kind: "request", by, idempotencyKey },
    requestedAt: toInstant(context.clock.now()),
    ...(force !== undefined && { force }),
    ...(failureDrillId !== undefined && { failureDrillId }),
  };
  await beginDrill(context, drill);
  return getDrill(context, drillId);
}

/** The drill that the key stands for, when the request is the same. A start that was lost is made good. */
async function repeated(
  context: Context,
  drill: Drill,
  { planId, force, failureDrillId }: DrillRequest,
): Promise<Drill> {
  if (drill.planId !== planId || drill.force?.reason !== force?.reason || drill.failureDrillId !== failureDrillId) {
    throw new RecoveryError("idempotency-key-reused", "the key stands for a drill, which was another request");
  }
  const { drillId } = drill;
  if (drill.verdict === undefined && !(await context.orchestrations.getStatus(drillId))) {
    await context.orchestrations.start(drillContract, drillId, { drillId });
  }
  return drill;
}

export async function getDrill({ store }: Services, drillId: string): Promise<Drill> {
  const found = await store.getDrill(drillId);
  if (!found) throw new RecoveryError("drill-not-found", `there is no drill ${drillId}`);
  return found.value;
}

/** The drills of a plan, newest first, also after the plan was removed. */
export const listDrills = ({ store }: Services, planId: string, page: PageRequest): Promise<Page<Drill>> =>
  store.listDrills(planId, page);
