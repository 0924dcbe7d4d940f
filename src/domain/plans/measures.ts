import { z } from "zod";
import type { ItemOutcome } from "../execution.js";
import { Id } from "../text.js";
import { MOVES, type Verb } from "../vocabulary.js";
import { hadNothingToDo } from "./failure-policy.js";
import type { Objectives, Plan } from "./plan.js";

/** Measured values, and whether they meet the objectives: null if the plan has no objective. */
export const Measure = z.object({
  dataLossSeconds: z
    .number()
    .nullable()
    .describe("the largest measured data loss, in emulated seconds; null if the loss of an item is unknown"),
  recoverySeconds: z
    .number()
    .nullable()
    .describe("emulated seconds from the request until the last item ran; null if one does not run"),
  rpoMet: z
    .boolean()
    .nullable()
    .describe(
      "false as soon as one known loss is above the objective; null without an objective or with a loss unknown",
    ),
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

/**
 * The largest of some values; null if there are none or if one of them is unknown. An item without a recovery point
 * loses an unknown amount, so it must not make the others look like the whole.
 */
export const worstOf = (values: readonly (number | null)[]): number | null =>
  values.length === 0 || values.includes(null) ? null : Math.max(...values.map(Number));

/** The worst values. Items that had nothing to do do not count. */
function measureOf(outcomes: readonly ItemOutcome[], { rpoSeconds, rtoSeconds }: Objectives): Measure {
  const own = outcomes.filter((outcome) => !hadNothingToDo(outcome));
  const losses = own.map(({ dataLoss }) => dataLoss?.seconds ?? null);
  const dataLossSeconds = worstOf(losses);
  const recoverySeconds = worstOf(own.map((outcome) => outcome.recoverySeconds));
  return {
    dataLossSeconds,
    recoverySeconds,
    rpoMet: rpoSeconds === undefined ? null : isMet(losses, rpoSeconds),
    rtoMet: rtoSeconds === undefined || own.length === 0 ? null : (recoverySeconds ?? Infinity) <= rtoSeconds,
  };
}

/** One value above the objective misses it, whatever the others are. */
function isMet(values: readonly (number | null)[], objective: number): boolean | null {
  if (values.some((value) => value !== null && value > objective)) return false;
  return worstOf(values) === null ? null : true;
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
