import { type Coverage, coverageOf, type PastDrill } from "../../domain/drills/coverage.js";
import type { Services } from "../context.js";
import { getPlan } from "../plans.js";

/** The newest drills of a plan that are looked at. */
const LOOKED_AT = 100;

/** What of a plan its drills have exercised. */
export async function viewCoverage(services: Services, planId: string): Promise<Coverage> {
  const { plan, version } = (await getPlan(services, planId)).value;
  return coverageOf(plan, version, await pastDrills(services, planId));
}

/** The drills of a plan that tested something, newest first, each with the version that it tested. */
async function pastDrills({ store }: Services, planId: string): Promise<PastDrill[]> {
  const { entries } = await store.listDrills(planId, { limit: LOOKED_AT });
  const tested = entries.filter(({ verdict }) => verdict !== undefined && verdict.result !== "not-run");
  const past: PastDrill[] = [];
  for (const drill of tested) {
    const version = await store.getPlanVersion(planId, drill.planVersion);
    if (version !== null) past.push({ drill, plan: version.plan });
  }
  return past;
}
