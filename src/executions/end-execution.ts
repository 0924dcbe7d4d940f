import type { z } from "zod";
import { RecoveryError } from "../domain/errors.js";
import { withChains } from "../domain/evidence/step-chains.js";
import { type Execution, type ItemOutcome, MAX_LEFTOVER_CHARACTERS, MAX_LEFTOVERS } from "../domain/execution.js";
import type { ItemCondition, ItemRecord } from "../domain/items/item-record.js";
import { RESTING_STATES, transitionOf } from "../domain/items/lifecycle.js";
import { protectionGroupOf } from "../domain/items/protection-group.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import { toInstant, toMs } from "../domain/text.js";
import type { ItemState } from "../domain/vocabulary.js";
import { unpackSteps } from "../durable/progress.js";
import type { Ports } from "../ports.js";
import { stepTitle } from "../steps/plan-steps.js";
import { type ItemUpdate, updateWithRetry } from "../store/port.js";
import type { closeExecution, ItemReport } from "./contracts.js";
import { sealExecution } from "./evidence/seal.js";
import { conditionsAfterExecution } from "./post-execution-conditions.js";
import { readEach } from "./read-each.js";
import { EXECUTION_PART } from "./step-parts.js";

export type Closing = z.output<typeof closeExecution.input>;

/**
 * Ends an execution: brings the items it holds to rest, releases them, keeps its steps and ends its record. Refuses with
 * `cancelled` to let an execution succeed after its cancel was requested.
 *
 * Safe to repeat: an ended record stays as it is, and the items that it still holds are released. A success is written
 * before the items are released: until then a cancel can undo the execution, afterwards it is refused. Any other end
 * releases the items first, so that a crash half-way leaves nothing held.
 */
export async function endExecution(ports: Ports, asked: Closing): Promise<void> {
  const { store } = ports;
  const found = await store.getExecution(asked.executionId);
  if (!found) throw new RecoveryError("execution-not-found", `there is no record of ${asked.executionId}`);
  const execution = found.value;
  const closing = asRecorded(asked, execution.status);
  if (closing === null) return;
  const reports = new Map(closing.reports.map((report) => [report.itemId, report]));
  const records = await store.findItems(execution.worldId, execution.itemIds);
  const ends = records.map((item) => endOf(item, reports.get(item.itemId), closing));
  const updates = await releasesOf(ports, execution, closing, ends);
  const outcomes = [
    ...ends.map((end) => outcomeOf(ports, execution, end)),
    ...outcomesOfGone(execution, records, reports),
    ...(await outcomesOfLeftOut(ports, execution)),
  ];
  if (!isEnded(execution.status)) {
    const steps = unpackSteps(closing.steps, (id) => stepTitle(execution.verb, id));
    const record = withChains(closing.executionId, { part: EXECUTION_PART, steps }, ports.hash);
    await store.putSteps(closing.executionId, [record]);
  }
  const release = () => store.updateItems(execution.worldId, closing.executionId, updates);
  if (!isSuccess(closing.status)) await release();
  await writeEnd(ports, closing, outcomes);
  if (isSuccess(closing.status)) await release();
  // What cannot be sealed now does not keep an execution from its end: the sweep seals it.
  await sealExecution(ports, closing.executionId).catch(() => undefined);
}

/** A recorded success stays a success, and its items may still have to be released. Any other end is only repeated. */
function asRecorded(closing: Closing, recorded: Execution["status"]): Closing | null {
  if (!isEnded(recorded)) return closing;
  const isGood = recorded === "succeeded" || recorded === "succeeded-with-failures";
  if (isGood) return { ...closing, status: recorded, failure: null };
  return closing.status === recorded ? closing : null;
}

const isSuccess = (status: Closing["status"]): boolean => status !== "failed" && status !== "cancelled";

/** One item of the execution, its report, and its resting state. */
interface ItemEnd {
  item: ItemRecord;
  report: ItemReport | undefined;
  state: ItemState;
  reason: string | null;
}

/**
 * An item rests where its workflow left it, or else where the transition table says. Where the end could not be written
 * when the items were released, another execution may hold one by now: it rested where that one found it.
 */
function endOf(item: ItemRecord, report: ItemReport | undefined, { executionId, failure, touched }: Closing): ItemEnd {
  const { state, reason, heldBy: hold } = item;
  const end = { item, report, state, reason };
  if (hold !== null && hold.executionId !== executionId) return { ...end, state: hold.from };
  if (hold === null || RESTING_STATES.has(state)) return end;
  const cell = transitionOf(item, hold.from, hold.verb);
  if (!cell.allowed) return end;
  if (!touched || report?.outcome === "left-out") return { ...end, state: hold.from, reason: null };
  if (report?.outcome === "succeeded") return { ...end, state: cell.after, reason: null };
  // The failure of the execution is that of another item, unless the execution was lost before it could report.
  const why = report === undefined ? failure?.message : (report.failure?.message ?? report.note);
  return { ...end, state: cell.failed, reason: why ?? null };
}

/** Releases of the items that the execution holds, each with its state and its conditions. */
async function releasesOf(
  ports: Ports,
  execution: Execution,
  { executionId, touched, status }: Closing,
  ends: readonly ItemEnd[],
): Promise<ItemUpdate[]> {
  const held = ends.filter(({ item }) => item.heldBy?.executionId === executionId);
  const conditions = touched
    ? await conditionsAfterExecution(ports, execution, held, status)
    : new Map<string, ItemCondition[]>();
  return held.map(({ item, state, reason }): ItemUpdate => {
    const { itemId, conditions: before } = item;
    return { itemId, release: true, change: { state, reason, conditions: conditions.get(itemId) ?? before } };
  });
}

/** A reason that a person or a hypervisor gave may be long. */
const namedIn = (leftovers: readonly string[]): string[] =>
  leftovers.slice(0, MAX_LEFTOVERS).map((what) => what.slice(0, MAX_LEFTOVER_CHARACTERS));

function outcomeOf({ settings }: Ports, { requestedAt }: Execution, { item, report, state }: ItemEnd): ItemOutcome {
  const runningAtMs = report?.runningAtMs ?? null;
  const recoverySeconds =
    runningAtMs === null ? null : Math.max(0, Math.round((runningAtMs - toMs(requestedAt)) * settings.speed) / 1_000);
  return {
    itemId: item.itemId,
    outcome: report?.outcome ?? "skipped",
    state,
    activeSiteId: item.activeSiteId,
    recoveryPoint: report?.point ?? null,
    dataLoss: report?.dataLoss ?? null,
    recoverySeconds,
    ...(report?.note === undefined ? {} : { note: report.note }),
    failure: report?.failure ?? null,
    ...(report?.leftovers?.length && { leftovers: namedIn(report.leftovers) }),
    ...(report?.replicated && { replicated: report.replicated, protectionGroupId: protectionGroupOf(item).id }),
  };
}

/** The outcomes of the items that were removed meanwhile: there was nothing to do for them, so they were not held. */
function outcomesOfGone(
  { itemIds }: Execution,
  records: readonly ItemRecord[],
  reports: ReadonlyMap<string, ItemReport>,
): ItemOutcome[] {
  const there = new Set(records.map(({ itemId }) => itemId));
  return itemIds
    .filter((itemId) => !there.has(itemId))
    .map((itemId) => {
      const { outcome = "skipped", note, failure = null } = reports.get(itemId) ?? {};
      const known = { itemId, outcome, ...(note !== undefined && { note }), failure };
      return { ...known, state: "unprotected", recoveryPoint: null, dataLoss: null, recoverySeconds: null };
    });
}

/** The outcomes of the items that did not take part. One that is gone from the world is not protected. */
async function outcomesOfLeftOut({ store }: Ports, { worldId, leftOut = [] }: Execution): Promise<ItemOutcome[]> {
  const ids = leftOut.map(({ itemId }) => itemId);
  const { found } = await readEach(ids, (some) => store.findItems(worldId, some));
  const records = new Map(found.map((item) => [item.itemId, item]));
  return leftOut.map(({ itemId, outcome, failure }) => ({
    ...{ itemId, outcome, state: records.get(itemId)?.state ?? "unprotected" },
    ...{ activeSiteId: records.get(itemId)?.activeSiteId, recoveryPoint: null, dataLoss: null },
    recoverySeconds: null,
    ...(outcome === "excluded" ? { note: failure.message, failure: null } : { failure }),
  }));
}

/** Writes the end into the record. Refuses with `cancelled` to end well what somebody asked to cancel. */
function writeEnd({ store, clock }: Ports, closing: Closing, outcomes: ItemOutcome[]): Promise<void> {
  return updateWithRetry(
    () => store.getExecution(closing.executionId),
    (found) => {
      if (!found || isEnded(found.value.status)) return { answer: undefined };
      const { cancelRequest } = found.value;
      if (cancelRequest !== undefined && isSuccess(closing.status)) {
        throw new RecoveryError("cancelled", `cancelled by ${cancelRequest.requestedBy} before its end`);
      }
      const common = { ...found.value, outcomes, endedAt: toInstant(clock.now()) };
      return { answer: undefined, write: () => store.updateExecution(withEnd(common, closing), found.etag) };
    },
  );
}

function withEnd(
  common: Execution & { outcomes: ItemOutcome[]; endedAt: string },
  { status, failure }: Closing,
): Execution {
  if (status === "succeeded" || status === "succeeded-with-failures") return { ...common, status };
  return {
    ...common,
    status,
    failure: failure ?? { code: "operation-failed", message: "the outcome of each machine says why" },
  };
}
