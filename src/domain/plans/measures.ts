import { z } from "zod";
import type { ItemOutcome } from "../execution.js";
import { Id } from "../text.js";
import { MOVES, type Verb } from "../vocabulary.js";
import { wasLeftAlone } from "./failure-policy.js";
import type { Objectives, Plan } from "./plan.js";

/** What was measured, beside what was asked for. `met` is null where the plan asks for nothing. */
export const Measure = z.object({
  /** The largest measured data loss, in emulated seconds; null when nothing was measured. */
  dataLossSeconds: z.number().nullable(),
  /** From the request until the last of them ran; null while one does not. */
  recoverySeconds: z.number().nullable(),
  rpoMet: z.boolean().nullable(),
  rtoMet: z.boolean().nullable(),
});
export type Measure = z.infer<typeof Measure>;

/** Measured data loss and recovery time against the objectives: of the plan, of each group and of each item. */
export const Measures = z.object({
  plan: Measure,
  groups: z.array(Measure.extend({ groupId: Id })),
  items: z.array(Measure.extend({ itemId: Id })),
});
export type Measures = z.infer<typeof Measures>;

/** Verbs after which workloads run somewhere else than before. */
export const MEASURED: ReadonlySet<Verb> = new Set([...MOVES, "promote-test"]);

/** The worst of what was measured; items that were left alone do not count. */
function measureOf(outcomes: readonly ItemOutcome[], { rpoSeconds, rtoSeconds }: Objectives): Measure {
  const own = outcomes.filter((outcome) => !wasLeftAlone(outcome));
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

/** What an ended execution of a plan measured; null for verbs that move nothing. */
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
