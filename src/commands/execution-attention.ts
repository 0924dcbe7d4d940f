/**
 * What of an execution needs a person: machines that are down on both sides, split brain, leftovers, and the calls that
 * lead on. It reads the estate, so it is bounded: nothing while all goes well, only failed machines while the execution
 * runs, and after its end only machines that are not simply protected. (test/orchestrators/execution-view.test.ts)
 */
import { RecoveryError } from "../domain/errors.js";
import type { Execution, ItemOutcome } from "../domain/execution.js";
import { type NextStep, verbsThatLeadOn } from "../domain/executions/next-steps.js";
import { mayStartAlone } from "../domain/items/allowed-actions.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { isOutcomeUnknown } from "../domain/items/post-execution-conditions.js";
import type { ItemSnapshot } from "../domain/items/snapshot.js";
import type { Plan } from "../domain/plans/plan.js";
import { planItemIds } from "../domain/plans/plan-rules.js";
import { type ItemDecision, type KnownRecords, selectItems } from "../domain/start/decide-start.js";
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
  const { executionId, worldId, outcomes } = execution;
  // Those that it left out too: they may be why somebody looks at it. Those that a person left out are somebody else's.
  const itemIds = outcomes.filter(({ outcome }) => outcome !== "excluded").map(({ itemId }) => itemId);
  const { records: read, unreadable } = await recordsOf(services, worldId, itemIds);
  const records = read.map((item) => atRest(item, executionId, outcomes));
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
      splitBrain: idsOf(found.filter(isSplitBrain)),
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

const isSplitBrain = ({ source, replica, conditions }: ItemSnapshot): boolean =>
  source.power === "on" && replica.power === "on" && conditions.some(({ type }) => type === "split-brain");

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

/** An execution that succeeded ends before it releases its items: then its outcomes say where they rest. */
function atRest(item: ItemRecord, executionId: string, outcomes: readonly ItemOutcome[]): ItemRecord {
  const state = outcomes.find(({ itemId }) => itemId === item.itemId)?.state;
  return item.heldBy?.executionId === executionId && state !== undefined ? { ...item, state, heldBy: null } : item;
}

/** The verbs that lead on, as one call on the plan where it would be taken, or else as a call on each machine. */
async function nextStepsAfter(
  services: Services,
  { subject, status, verb: done, worldId }: Execution,
  records: readonly ItemRecord[],
): Promise<NextStep[]> {
  const verbs = verbsThatLeadOn(records, status === "succeeded" ? null : done);
  if (verbs.length === 0) return [];
  const { store } = services;
  const saved = subject.kind === "plan" ? await store.getPlan(subject.planId) : null;
  const own = new Set(records.map(({ itemId }) => itemId));
  const others = saved === null ? [] : planItemIds(saved.value.plan).filter((itemId) => !own.has(itemId));
  const { records: rest, unreadable } = await recordsOf(services, worldId, others);
  const groupIds = [...new Set([...records, ...rest].flatMap(({ replicationGroupId }) => replicationGroupId ?? []))];
  const members = groupIds.length === 0 ? [] : await store.getReplicationGroups(worldId, groupIds);
  const byId = new Map([...records, ...rest].map((item) => [item.itemId, item]));
  const known = { records: byId, unreadable, members };
  return verbs.flatMap(({ verb, why, itemIds }): NextStep[] => {
    const call = { verb, why, method: "POST", body: { verb } } as const;
    const body = saved === null ? null : bodyOnPlan(saved.value.plan, verb, itemIds, known);
    if (saved !== null && body !== null) {
      return [{ ...call, body, path: `/api/recovery-plans/${saved.value.plan.id}/executions`, itemIds }];
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

/**
 * The body of a start on the plan that would be taken for the items, as far as the states of its items decide: without
 * other items that would prevent it. Null when there is none.
 */
function bodyOnPlan(
  plan: Plan,
  verb: Verb,
  itemIds: readonly string[],
  known: KnownRecords,
): Record<string, unknown> | null {
  const decide = (options: { without?: string[] }) => selectItems({ verb, plan, alone: false, options }, known).items;
  const blockedOf = (items: readonly ItemDecision[]) =>
    items.filter(({ decision }) => decision === "blocked").map(({ itemId }) => itemId);
  const isTaken = (items: readonly ItemDecision[]) => items.some(({ decision }) => decision === "take");
  const all = decide({});
  const without = blockedOf(all);
  if (without.length === 0) return isTaken(all) ? { verb } : null;
  if (without.some((itemId) => itemIds.includes(itemId))) return null;
  const rest = decide({ without });
  return isTaken(rest) && blockedOf(rest).length === 0 ? { verb, options: { without } } : null;
}
