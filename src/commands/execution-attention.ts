/**
 * What of an execution needs a person: machines that are down on both sides, split brain, leftovers, and the calls that
 * lead on. It reads the estate, so it is bounded: nothing while all goes well, only failed machines while the execution
 * runs, and after its end only machines that are not simply protected. (test/orchestrators/execution-view.test.ts)
 */
import { RecoveryError } from "../domain/errors.js";
import type { Execution } from "../domain/execution.js";
import { type NextStep, verbsThatLeadOn } from "../domain/executions/next-steps.js";
import { mayStartAlone } from "../domain/items/allowed-actions.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { isOutcomeUnknown } from "../domain/items/post-execution-conditions.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import type { Plan } from "../domain/plans/plan.js";
import { type KnownRecords, selectItems } from "../domain/start/decide-start.js";
import type { ItemState, Verb } from "../domain/vocabulary.js";
import { readEach } from "../executions/read-each.js";
import type { Services } from "./context.js";

export interface Attention {
  /** Machines that run neither at the primary nor at the recovery site. */
  downOnBothSides: string[];
  /** Machines of which both copies are on. */
  splitBrain: string[];
  /** What tests or a failback left behind. */
  leftovers: { itemId: string; what: string }[];
  /** Machines that were not looked at, and why: they may be down. */
  unknown: { itemId: string; why: string }[];
}

const NOTHING: Attention = { downOnBothSides: [], splitBrain: [], leftovers: [], unknown: [] };

/** Failed machines that are looked at while an execution runs. Its end looks at all of them. */
const MAX_WHILE_RUNNING = 100;

/** The states in which a copy at the other site may run, or should. */
const MOVED: ReadonlySet<ItemState> = new Set(["failed-over", "failover-failed", "committed", "test-failed-over"]);

/** While the execution runs: the machines that failed so far. */
export async function attentionWhileRunning(
  services: Services,
  { worldId }: Execution,
  failedIds: readonly string[],
): Promise<Attention> {
  const found = await lookAt(services, worldId, failedIds.slice(0, MAX_WHILE_RUNNING));
  const left = failedIds.slice(MAX_WHILE_RUNNING).map((itemId) => {
    return { itemId, why: "it is looked at when the execution has ended" };
  });
  return { ...found, unknown: [...found.unknown, ...left] };
}

/** After the end: what is wrong now, and which calls lead on from here. */
export async function attentionAfterEnd(
  services: Services,
  execution: Extract<Execution, { outcomes: unknown }>,
): Promise<{ attention: Attention; nextSteps: NextStep[] }> {
  const { worldId, itemIds, outcomes } = execution;
  const { records, unreadable } = await recordsOf(services, worldId, itemIds);
  const failed = new Set(outcomes.filter(({ outcome }) => outcome === "failed").map(({ itemId }) => itemId));
  const doubtful = records.filter(
    (item) => item.heldBy === null && (failed.has(item.itemId) || MOVED.has(item.state) || isOutcomeUnknown(item)),
  );
  const [found, nextSteps] = await Promise.all([
    lookAt(
      services,
      worldId,
      doubtful.map(({ itemId }) => itemId),
    ),
    nextStepsAfter(services, execution, records),
  ]);
  const attention = {
    ...found,
    leftovers: leftoversOf(execution, records),
    unknown: [...found.unknown, ...[...unreadable].map(([itemId, why]) => ({ itemId, why }))],
  };
  return { attention, nextSteps };
}

async function lookAt(services: Services, worldId: string, itemIds: readonly string[]): Promise<Attention> {
  if (itemIds.length === 0) return NOTHING;
  try {
    const { found, unreadable } = await readEach(itemIds, (ids) => services.hypervisor.describeItems(worldId, ids));
    return {
      ...NOTHING,
      downOnBothSides: idsOf(found.filter(isDownOnBothSides)),
      splitBrain: idsOf(found.filter(({ conditions }) => conditions.some(({ type }) => type === "split-brain"))),
      unknown: [...unreadable].map(([itemId, why]) => ({ itemId, why })),
    };
  } catch (thrown) {
    // The view says what is known, also while the estate does not answer.
    if (!(thrown instanceof RecoveryError)) throw thrown;
    return { ...NOTHING, unknown: itemIds.map((itemId) => ({ itemId, why: thrown.message })) };
  }
}

const isDownOnBothSides = ({ source, replica }: ItemSnapshot): boolean =>
  source.power === "off" && replica.power === "off";

const idsOf = (snapshots: readonly ItemSnapshot[]): string[] => snapshots.map(({ item }) => item.id);

/** The records of the items, and why some have none: damage, or a world that no longer has them. */
async function recordsOf({ store }: Services, worldId: string, itemIds: readonly string[]) {
  const read = (ids: readonly string[]): Promise<ItemRecord[]> => store.getItems(worldId, ids);
  const { found, unreadable } = await readEach(itemIds, read, ["row-unreadable", "item-not-found"]);
  return { records: found, unreadable };
}

/** What a test left, by the conditions of the items and by the outcomes. */
function leftoversOf(
  { outcomes }: Extract<Execution, { outcomes: unknown }>,
  records: readonly ItemRecord[],
): Attention["leftovers"] {
  const conditions = records.flatMap(({ itemId, conditions: its }) =>
    its.filter(({ type }) => type === "leftovers").map(({ whatToDo }) => ({ itemId, what: whatToDo })),
  );
  const known = new Set(conditions.map(({ itemId }) => itemId));
  const told = outcomes.flatMap(({ itemId, outcome, note, failure }) => {
    if (known.has(itemId)) return [];
    if (failure?.code === "leftovers") return [{ itemId, what: failure.message }];
    return outcome === "succeeded" && note !== undefined ? [{ itemId, what: note }] : [];
  });
  return [...conditions, ...told];
}

/** The verbs that lead on, as one call on the plan where it would be taken, or else as a call on each machine. */
async function nextStepsAfter(
  { store }: Services,
  { subject, status, verb: own, worldId }: Execution,
  records: readonly ItemRecord[],
): Promise<NextStep[]> {
  const verbs = verbsThatLeadOn(records, status === "succeeded" ? null : own);
  if (verbs.length === 0) return [];
  const groupIds = [...new Set(records.flatMap(({ replicationGroupId }) => replicationGroupId ?? []))];
  const [saved, members] = await Promise.all([
    subject.kind === "plan" ? store.getPlan(subject.planId) : null,
    groupIds.length === 0 ? [] : store.getReplicationGroups(worldId, groupIds),
  ]);
  const byId = new Map(records.map((item) => [item.itemId, item]));
  const known = { records: byId, unreadable: new Map(), members };
  return verbs.flatMap(({ verb, why, itemIds }): NextStep[] => {
    const call = { verb, why, method: "POST", body: { verb } } as const;
    if (saved !== null && takes(saved.value.plan, verb, known)) {
      return [{ ...call, path: `/api/recovery-plans/${saved.value.plan.id}/executions`, itemIds }];
    }
    const alone = itemIds.filter((id) => {
      const item = byId.get(id);
      const group = members.filter(({ replicationGroupId }) => replicationGroupId === item?.replicationGroupId);
      return item !== undefined && mayStartAlone(item, verb, group).allowed;
    });
    if (alone.length === 0) return [];
    return [{ ...call, path: `/api/worlds/${worldId}/protected-items/{itemId}/executions`, itemIds: alone }];
  });
}

/** Whether a start on the plan would be taken, as far as the states of its items decide. */
function takes(plan: Plan, verb: Verb, known: KnownRecords): boolean {
  const { items } = selectItems({ verb, plan, alone: false, options: {} }, known);
  return items.some(({ decision }) => decision === "take") && items.every(({ decision }) => decision !== "blocked");
}
