import { type Drill, drillHasEnded } from "../../domain/drills/drill.js";
import type { FailureDrill } from "../../domain/drills/failure-drill.js";
import type { Plan } from "../../domain/plans/plan.js";
import type { Context } from "../context.js";

const faultsOf = (drill: Drill, plan: Plan): FailureDrill["faults"] =>
  plan.drill?.failureDrills.find(({ id }) => id === drill.failureDrillId)?.faults ?? [];

const faultId = ({ drillId }: Drill, index: number): string => `drill-${drillId}-${index}`;

/** Puts the faults of a failure drill on the copies that its test will make. It may be repeated. */
export async function injectFaults(context: Context, drill: Drill, plan: Plan): Promise<void> {
  const faults = faultsOf(drill, plan);
  for (const [index, fault] of faults.entries()) {
    await context.estate.addFault(plan.worldId, { ...fault, faultId: faultId(drill, index) });
  }
  if (faults.length === 0) return;
  // A call that was late must not bring faults back that another one has cleared.
  const now = (await context.store.getDrill(drill.drillId))?.value;
  if (now === undefined || drillHasEnded(now) || now.test !== undefined) await clearFaults(context, drill, plan);
}

/** Clears them. What is cleared already is no error. */
export async function clearFaults({ estate }: Context, drill: Drill, plan: Plan): Promise<void> {
  const own = new Set(faultsOf(drill, plan).map((_fault, index) => faultId(drill, index)));
  if (own.size === 0) return;
  for (const { faultId: known } of await estate.listFaults(plan.worldId)) {
    if (own.has(known)) await estate.clearFaults(plan.worldId, known);
  }
}
