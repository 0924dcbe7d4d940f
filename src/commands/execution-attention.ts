/**
 * What of an execution needs a person: machines that are down on both sides, split brain, leftovers, and the calls that
 * lead on. It reads the estate, so it is bounded: nothing while all goes well, only failed machines while the execution
 * runs, and after its end only machines that are not simply protected. (test/orchestrators/execution-view.test.ts)
 */
import { RecoveryError } from "../domain/errors.js";
import type { Execution, ItemOutcome } from "../domain/execution.js";
import type { NextStep } from "../domain/executions/next-steps.js";
import type { ItemRecord } from "../domain/items/item-record.js";
import { MOVED_STATES } from "../domain/items/lifecycle.js";
import { isOutcomeUnknown } from "../domain/items/post-execution-conditions.js";
import { type ItemSnapshot, isSplitBrain } from "../domain/items/snapshot.js";
import { readEach } from "../executions/read-each.js";
import { callsThatLeadOn, recordsOf } from "./calls-that-lead-on.js";
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

/** While the execution runs: the machines that failed so far. */
export async function attentionWhileRunning(
  services: Services,
  { worldId }: Execution,
  failedIds: readonly string[],
): Promise<Attention> {
  const { snapshots: _, ...found } = await lookAt(services, worldId, failedIds.slice(0, MAX_WHILE_RUNNING));
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
    (item) =>
      item.heldBy === null && (failed.has(item.itemId) || MOVED_STATES.has(item.state) || isOutcomeUnknown(item)),
  );
  const doubtfulIds = doubtful.map(({ itemId }) => itemId);
  const { snapshots, ...found } = await lookAt(services, worldId, doubtfulIds);
  const nextSteps = await callsThatLeadOn(services, execution, records, snapshots);
  const attention = {
    ...found,
    leftovers: leftoversOf(execution, records),
    unknown: [...found.unknown, ...[...unreadable].map(([itemId, why]) => ({ itemId, why }))],
  };
  return { attention, nextSteps };
}

async function lookAt(
  services: Services,
  worldId: string,
  itemIds: readonly string[],
): Promise<Attention & { snapshots: ItemSnapshot[] }> {
  if (itemIds.length === 0) return { ...NOTHING, snapshots: [] };
  try {
    const { found, unreadable } = await readEach(itemIds, (ids) => services.hypervisor.describeItems(worldId, ids));
    return {
      ...NOTHING,
      snapshots: found,
      downOnBothSides: idsOf(found.filter(isDownOnBothSides)),
      splitBrain: idsOf(found.filter(isSplitBrain)),
      unknown: [...unreadable].map(([itemId, why]) => ({ itemId, why })),
    };
  } catch (thrown) {
    // The view says what is known, also while the estate does not answer.
    if (!(thrown instanceof RecoveryError)) throw thrown;
    const unknown = itemIds.map((itemId) => ({ itemId, why: thrown.message }));
    return { ...NOTHING, snapshots: [], unknown };
  }
}

const isDownOnBothSides = ({ source, replica }: ItemSnapshot): boolean =>
  source.power === "off" && replica.power === "off";

const idsOf = (snapshots: readonly ItemSnapshot[]): string[] => snapshots.map(({ item }) => item.id);

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
