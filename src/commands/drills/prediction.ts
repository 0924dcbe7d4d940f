import { type Prediction, predict, type Timing } from "../../domain/drills/prediction.js";
import { planItemIds } from "../../domain/plans/plan-rules.js";
import type { Services } from "../context.js";
import { getPlan } from "../plans.js";
import { sizeOfMachine } from "./production.js";

/** The newest drills of a plan whose times count. */
const LOOKED_AT = 20;

/** How long a test of a plan would take. */
export async function viewPrediction(services: Services, planId: string): Promise<Prediction> {
  const { plan } = (await getPlan(services, planId)).value;
  const known = (await services.store.findItems(plan.worldId, planItemIds(plan))).map(({ itemId }) => itemId);
  const snapshots = await services.hypervisor.describeItems(plan.worldId, known);
  const sizes = new Map(snapshots.map((snapshot) => [snapshot.item.id, sizeOfMachine(snapshot)]));
  return predict(plan, sizes, await pastTimings(services, planId));
}

/** The times of earlier drills without injected failures, newest first. */
export async function pastTimings({ store }: Pick<Services, "store">, planId: string): Promise<Timing[][]> {
  const { entries } = await store.listDrills(planId, { limit: LOOKED_AT });
  return entries.flatMap(({ verdict, failureDrillId }) =>
    verdict === undefined || verdict.timings.length === 0 || failureDrillId !== undefined ? [] : [verdict.timings],
  );
}
