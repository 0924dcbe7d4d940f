import { z } from "zod";
import type { ItemOutcome } from "./execution.js";
import type { Objectives, Plan } from "./plan.js";
import type { Verb } from "./vocabulary.js";

/** A measured time against what was asked for; `met` is null when nothing was asked for or could be measured. */
export const Measured = z.object({
  objectiveSeconds: z.number().nullable(),
  measuredSeconds: z.number().nullable(),
  met: z.boolean().nullable(),
});
export type Measured = z.infer<typeof Measured>;

const both = { dataLoss: Measured, recoveryTime: Measured };

/** What an execution lost and how long it took, per item, group and plan; a group is as slow as its slowest item. */
export const ObjectivesReport = z.object({
  plan: z.object(both),
  groups: z.array(z.object({ groupId: z.string(), ...both })),
  items: z.array(z.object({ itemId: z.string(), ...both })),
});
export type ObjectivesReport = z.infer<typeof ObjectivesReport>;

interface Both {
  dataLoss: Measured;
  recoveryTime: Measured;
}

type Outcome = Pick<ItemOutcome, "itemId" | "outcome" | "dataLoss" | "recoverySeconds">;

/** Verbs whose items come up somewhere, so that there is something to measure. */
const MEASURED: ReadonlySet<Verb> = new Set([
  "test-failover",
  "planned-failover",
  "unplanned-failover",
  "failback",
  "full-run",
  "change-recovery-point",
  "promote-test",
]);

const objectivesOf = (plan: Pick<Plan, "objectives"> | null, verb: Verb): Objectives => {
  const own: Partial<Record<Verb, Objectives | undefined>> = plan?.objectives ?? {};
  return own[verb] ?? {};
};

/** An item that should have come up and did not misses its objective, however little was measured. */
function measure(objective: number | undefined, measured: number | null, failed: boolean): Measured {
  const asked = objective ?? null;
  const within = asked === null || measured === null ? null : measured <= asked;
  return { objectiveSeconds: asked, measuredSeconds: measured, met: failed && asked !== null ? false : within };
}

/** The worst of several: the most that was measured, and missed when one missed. */
function worst(all: readonly Measured[], objective: number | undefined): Measured {
  const times = all.flatMap(({ measuredSeconds }) => measuredSeconds ?? []);
  const measuredSeconds = times.length === 0 ? null : Math.max(...times);
  const known = all.flatMap(({ met }) => met ?? []);
  const met = known.length === 0 ? null : known.every((one) => one);
  return { objectiveSeconds: objective ?? null, measuredSeconds, met };
}

const worstOf = (all: readonly Both[], { rpoSeconds, rtoSeconds }: Objectives): Both => ({
  dataLoss: worst(
    all.map(({ dataLoss }) => dataLoss),
    rpoSeconds,
  ),
  recoveryTime: worst(
    all.map(({ recoveryTime }) => recoveryTime),
    rtoSeconds,
  ),
});

/**
 * Measured loss and recovery time of an ended execution against the plan's objectives for its verb; null for verbs
 * that bring nothing up. Items that another execution had brought up are not counted.
 */
export function measureObjectives(
  plan: Pick<Plan, "objectives" | "groups"> | null,
  verb: Verb,
  outcomes: readonly Outcome[],
): ObjectivesReport | null {
  if (!MEASURED.has(verb)) return null;
  const objectives = objectivesOf(plan, verb);
  const items = outcomes
    .filter(({ outcome }) => outcome !== "already-done")
    .map(({ itemId, outcome, dataLoss, recoverySeconds }) => {
      const failed = outcome !== "succeeded";
      return {
        itemId,
        dataLoss: measure(objectives.rpoSeconds, dataLoss?.seconds ?? null, failed),
        recoveryTime: measure(objectives.rtoSeconds, recoverySeconds, failed),
      };
    });
  const byId = new Map(items.map((item) => [item.itemId, item]));
  const groups = (plan?.groups ?? []).map((group) => ({
    groupId: group.id,
    ...worstOf(
      group.items.flatMap(({ id }) => byId.get(id) ?? []),
      objectives,
    ),
  }));
  return { plan: worstOf(items, objectives), groups, items };
}
