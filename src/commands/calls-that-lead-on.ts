/**
 * The calls that lead on from where an execution ended, as a person can send them. (test/orchestrators/next-steps.test.ts)
 *
 * - L1 A call is taken as it is, as far as the states of the items and their machines decide.
 * - L2 A call takes only the items that it names, so that to try again never moves a machine that came through.
 */
import type { z } from "zod";
import type { Execution, ExecutionOptions } from "../domain/execution.js";
import { type NextStep, verbsThatLeadOn } from "../domain/executions/next-steps.js";
import { mayStartAlone } from "../domain/items/allowed-actions.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import { hadNothingToDo } from "../domain/plans/failure-policy.js";
import type { Plan } from "../domain/plans/plan.js";
import { planItemIds } from "../domain/plans/plan-rules.js";
import { SCENARIO_TRAITS } from "../domain/scenario-traits.js";
import { type KnownRecords, selectItems } from "../domain/start/decide-start.js";
import type { Verb } from "../domain/vocabulary.js";
import { readEach } from "../executions/read-each.js";
import type { Services } from "./context.js";

/** The options of a start, as a request gives them. */
type Options = z.input<typeof ExecutionOptions>;
type Ended = Extract<Execution, { outcomes: unknown }>;

/** The verbs that lead on, as one call on the plan where it would be taken, or else as a call on each machine. */
export async function callsThatLeadOn(
  services: Services,
  { subject, verb: done, worldId, outcomes }: Ended,
  records: readonly ItemRecord[],
  snapshots: readonly ItemSnapshot[],
): Promise<NextStep[]> {
  const open = outcomes.filter((item) => item.outcome !== "succeeded" && !hadNothingToDo(item));
  const verbs = verbsThatLeadOn(records, { verb: done, itemIds: new Set(open.map(({ itemId }) => itemId)) });
  if (verbs.length === 0) return [];
  const { store } = services;
  const plan = subject.kind === "plan" ? ((await store.getPlan(subject.planId))?.value.plan ?? null) : null;
  const known = await knownOf(services, worldId, plan, records);
  return verbs.flatMap(({ verb, why, itemIds }): NextStep[] => {
    const options = leastOptions(verb, itemIds, snapshots);
    const call = { verb, why, method: "POST" } as const;
    const chosen = plan === null ? null : choiceOnPlan(plan, verb, itemIds, known);
    if (plan !== null && chosen !== null) {
      const body = bodyOf(verb, { ...options, ...chosen });
      return [{ ...call, body, path: `/api/recovery-plans/${plan.id}/executions`, itemIds }];
    }
    const alone = itemIds.filter((id) => {
      const item = known.records.get(id);
      const group = known.members.filter(({ replicationGroupId }) => replicationGroupId === item?.replicationGroupId);
      return item !== undefined && mayStartAlone(item, verb, group).allowed;
    });
    if (alone.length === 0) return [];
    const path = `/api/worlds/${worldId}/protected-items/{itemId}/executions`;
    return [{ ...call, body: bodyOf(verb, options), path, itemIds: alone }];
  });
}

const bodyOf = (verb: Verb, options: Options): Record<string, unknown> =>
  Object.keys(options).length === 0 ? { verb } : { verb, options };

/** The records of some items, and why others have none: damage, or a world that no longer has them. */
export async function recordsOf({ store }: Services, worldId: string, itemIds: readonly string[]) {
  const read = (ids: readonly string[]): Promise<ItemRecord[]> => store.getItems(worldId, ids);
  const { found, unreadable } = await readEach(itemIds, read, ["row-unreadable", "item-not-found"]);
  return { records: found, unreadable };
}

/** The records of the plan's items too, which may be others than those of the execution. */
async function knownOf(
  services: Services,
  worldId: string,
  plan: Plan | null,
  own: readonly ItemRecord[],
): Promise<KnownRecords> {
  const ids = new Set(own.map(({ itemId }) => itemId));
  const others = plan === null ? [] : planItemIds(plan).filter((itemId) => !ids.has(itemId));
  const { records: rest, unreadable } = await recordsOf(services, worldId, others);
  const all = [...own, ...rest];
  const groupIds = [...new Set(all.flatMap(({ replicationGroupId }) => replicationGroupId ?? []))];
  const members = groupIds.length === 0 ? [] : await services.store.getReplicationGroups(worldId, groupIds);
  return { records: new Map(all.map((item) => [item.itemId, item])), unreadable, members };
}

/** Which items a call on the plan has to choose so that it is taken for these and no others; null if it cannot be. */
function choiceOnPlan(
  plan: Plan,
  verb: Verb,
  itemIds: readonly string[],
  known: KnownRecords,
): Pick<Options, "only"> | null {
  const wanted = new Set(itemIds);
  const only = planItemIds(plan).filter((itemId) => wanted.has(itemId));
  for (const options of only.length === 0 ? [] : [{}, { only }]) {
    const { items } = selectItems({ verb, plan, alone: false, options }, known);
    const taken = items.filter(({ decision }) => decision === "take");
    const isFree = items.every(({ decision }) => decision !== "blocked");
    if (isFree && taken.length > 0 && taken.every(({ itemId }) => wanted.has(itemId))) return options;
  }
  return null;
}

/** What a call needs beside its verb. A person may know better, and changes it. */
function leastOptions(verb: Verb, itemIds: readonly string[], snapshots: readonly ItemSnapshot[]): Options {
  // From the point of the plan's own choice the machines run already.
  if (verb === "change-recovery-point") return { recoveryPoint: { kind: "latest-app-consistent" } };
  if (verb !== "reprotect") return {};
  const ids = new Set(itemIds);
  const own = snapshots.filter(({ item }) => ids.has(item.id));
  const homewards = own.filter(
    ({ item, direction }) =>
      direction === "primary-to-recovery" && SCENARIO_TRAITS[item.scenario].failbackThrough === "master-target",
  );
  // One for each site. Where the old disks exist, which one it is does not matter.
  const ofSite = new Map(
    homewards.flatMap(({ item, machine }) =>
      machine.datastoreId === undefined ? [] : [[item.sourceSiteId, machine.datastoreId] as const],
    ),
  );
  const datastoreId = [...new Set(ofSite.values())];
  const waits = own.some(({ item }) => SCENARIO_TRAITS[item.scenario].agentRegisters);
  const reprotect = { ...(datastoreId.length > 0 && { datastoreId }), ...(waits && { waitForAgent: true }) };
  return Object.keys(reprotect).length === 0 ? {} : { reprotect };
}
