import { z } from "zod";
import type { ItemOutcome } from "../execution.js";
import { Id } from "../text.js";
import { MOVES, type Verb } from "../vocabulary.js";
import { hadNothingToDo } from "./failure-policy.js";
import type { Objectives, Plan } from "./plan.js";

/** Measured values, and whether they meet the objectives: null if the plan has no objective. */
export const Measure = z.object({
  /** The largest measured data loss, in emulated seconds; null if nothing was measured. */
  dataLossSeconds: z.number().nullable(),
  /** From the request until the last item ran; null if one does not run. */
  recoverySeconds: z.number().nullable(),
  rpoMet: z.boolean().nullable(),
  rtoMet: z.boolean().nullable(),
});
export type Measure = z.infer<typeof Measure>;

/** Data loss and recovery time against the objectives, for the plan, each group and each item. */
export const Measures = z.object({
  plan: Measure,
  groups: z.array(Measure.extend({ groupId: Id })),
  items: z.array(Measure.extend({ itemId: Id })),
});
export type Measures = z.infer<typeof Measures>;

/** Verbs that move workloads, or start copies of them at the other site. */
export const MEASURED: ReadonlySet<Verb> = new Set([...MOVES, "promote-test"]);

/** The worst values. Items that had nothing to do do not count. */
function measureOf(outcomes: readonly ItemOutcome[], { rpoSeconds, rtoSeconds }: Objectives): Measure {
  const own = outcomes.filter((outcome) => !hadNothingToDo(outcome));
  const losses = own.flatMap(({ dataLoss }) => (dataLoss === null ? [] : [dataLoss.seconds]));
  const times = own.flatMap(({ recoverySeconds }) => recoverySeconds ?? []);
  const dataLossSeconds = losses.length === 0 ? null : Math.max(...losses);
  const recoverySeconds = times.length === 0 || times.length < own.length ? null : Math.max(...times);
  return {
    dataLossSeconds,
    recoverySeconds,
    rpoMet: rpoSeconds === undefined || dataLossSeconds === null ? null : dataLossSeconds <= rpoSeconds,
    rtoMet: rtoSeconds === undefined || own.length === 0 ? null : (recoverySeconds ?? Infinity) <= rtoSeconds,
  };
}

/** The measures of an ended execution of a plan; null for verbs that move nothing. */
export function measuresOf(
  plan: Pick<Plan, "groups" | "objectives">,
  verb: Verb,
  outcomes: readonly ItemOutcome[],
): Measures | null {
  if (!MEASURED.has(verb)) return null;
  const perVerb: Partial<Record<Verb, Objectives | undefined>> = plan.objectives;
  const objectives = perVerb[verb] ?? {};
  const byItem = new Map(outcomes.map((outcome) => [outcome.itemId, outcome]));
  const groups = plan.groups.map(({ id, items }) => ({
    groupId: id,
    ...measureOf(
      items.flatMap((item) => byItem.get(item.id) ?? []),
      objectives,
    ),
  }));
  const items = outcomes.map((outcome) => ({ itemId: outcome.itemId, ...measureOf([outcome], objectives) }));
  return { plan: measureOf(outcomes, objectives), groups, items };
}
