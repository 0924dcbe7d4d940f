import type { z } from "zod";
import { hasCode, RecoveryError } from "../domain/errors.js";
import type { Execution, ItemOutcome } from "../domain/execution.js";
import type { ItemCondition, ItemRecord } from "../domain/items/item-record.js";
import { RESTING_STATES, transition } from "../domain/items/lifecycle.js";
import { protectionGroupOf } from "../domain/items/protection-group.js";
import { isEnded } from "../domain/plans/failure-policy.js";
import { toInstant, toMs } from "../domain/text.js";
import type { ItemState } from "../domain/vocabulary.js";
import { unpackSteps } from "../durable/progress.js";
import type { ItemUpdate } from "../store/port.js";
import { activity } from "./activity.js";
import { type AtRest, conditionsAtRest } from "./conditions-at-rest.js";
import { closeExecution as contract, type ItemReport } from "./contracts/execution.js";
import type { Ports } from "./ports.js";
import { stepTitle } from "./step-titles.js";

type Closing = z.output<typeof contract.input>;

/** Where the steps of the execution's own story are kept. */
export const EXECUTION_PART = "execution";

/**
 * Ends an execution: brings the items it holds to rest, gives them up, keeps its steps and ends its record. Refuses
 * with `cancelled` to end one well of which somebody asked that it be cancelled.
 */
export const closeExecution = activity(contract, async (ports, closing) => {
  await endExecution(ports, closing);
  return {};
});

/**
 * The same for an execution whose orchestration was lost. Safe to repeat: an ended record is left as it is, and
 * what is still held for it is given up. The record
 * of a good end is written before the items are given up, since from then on a cancel is refused and until then it can
 * still be undone; of any other end they are given up first, so that an end which dies half way holds nothing.
 */
export async function endExecution(ports: Ports, asked: Closing): Promise<void> {
  const { store } = ports;
  const found = await store.getExecution(asked.executionId);
  if (!found) throw new RecoveryError("execution-not-found", `there is no record of ${asked.executionId}`);
  const execution = found.value;
  const closing = asRecorded(asked, execution.status);
  if (closing === null) return;
  const endsWell = isSuccess(closing.status);
  const hasEnded = isEnded(execution.status);
  const reports = new Map(closing.reports.map((report) => [report.itemId, report]));
  const records = await store.getItems(execution.worldId, execution.itemIds);
  const held = records.filter(({ heldBy }) => heldBy?.executionId === closing.executionId);
  const rests = new Map(held.map((item) => [item.itemId, restOf(item, reports.get(item.itemId), closing)]));
  const outcomes = records.map((item) => outcomeOf(ports, execution, item, rests.get(item.itemId), reports));
  const atRest = held.map((item): AtRest => {
    return { item, state: rests.get(item.itemId)?.state ?? item.state, report: reports.get(item.itemId) };
  });
  const conditions = closing.touched
    ? await conditionsAtRest(ports, execution.worldId, atRest, closing.status)
    : new Map<string, ItemCondition[]>();
  const updates = held.map(({ itemId, conditions: standing }): ItemUpdate => {
    const change = { ...rests.get(itemId), conditions: conditions.get(itemId) ?? standing };
    return { itemId, release: true, change };
  });
  if (!hasEnded) {
    const steps = unpackSteps(closing.steps, (id) => stepTitle(execution.verb, id));
    await store.putSteps(closing.executionId, [{ part: EXECUTION_PART, steps }]);
  }
  if (endsWell) await writeEnd(ports, closing, outcomes);
  await store.updateItems(execution.worldId, closing.executionId, updates);
  if (!endsWell) await writeEnd(ports, closing, outcomes);
}

/** A good end that is written stays one, and what it holds is still to be given up; any other is only repeated. */
function asRecorded(closing: Closing, recorded: Execution["status"]): Closing | null {
  if (!isEnded(recorded)) return closing;
  const isGood = recorded === "succeeded" || recorded === "succeeded-with-failures";
  if (isGood) return { ...closing, status: recorded, failure: null };
  return closing.status === recorded ? closing : null;
}

const isSuccess = (status: Closing["status"]): boolean => status !== "failed" && status !== "cancelled";

type Rest = Pick<ItemRecord, "state" | "reason">;

/** Where an item comes to rest: where its story left it, or else by what the transition table says. */
function restOf(item: ItemRecord, report: ItemReport | undefined, { failure, touched }: Closing): Rest {
  if (RESTING_STATES.has(item.state)) return { state: item.state, reason: item.reason };
  const hold = item.heldBy;
  const cell = hold === null ? undefined : transition(item.scenario, hold.from, hold.verb, item.direction);
  if (!hold || !cell?.allowed) return { state: item.state, reason: item.reason };
  const reason = report?.failure?.message ?? failure?.message ?? null;
  if (!touched) return { state: hold.from, reason: null };
  const succeeded = report?.outcome === "succeeded";
  const state: ItemState = succeeded ? cell.after : cell.failed;
  return { state, reason: succeeded ? null : reason };
}

function outcomeOf(
  { settings }: Ports,
  execution: Execution,
  item: ItemRecord,
  rest: Rest | undefined,
  reports: ReadonlyMap<string, ItemReport>,
): ItemOutcome {
  const report = reports.get(item.itemId);
  const runningAtMs = report?.runningAtMs ?? null;
  return {
    itemId: item.itemId,
    outcome: report?.outcome ?? "skipped",
    state: rest?.state ?? item.state,
    recoveryPoint: report?.point ?? null,
    dataLoss: report?.dataLoss ?? null,
    recoverySeconds:
      runningAtMs === null ? null : Math.max(0, ((runningAtMs - toMs(execution.requestedAt)) / 1_000) * settings.speed),
    ...(report?.note === undefined ? {} : { note: report.note }),
    failure: report?.failure ?? null,
    ...(report?.replicated && { replicated: report.replicated, protectionGroupId: protectionGroupOf(item).id }),
  };
}

/**
 * The record may change between read and write, so it is read again until it fits. Refuses with `cancelled` to end
 * well what somebody asked to cancel.
 */
async function writeEnd({ store, clock }: Ports, closing: Closing, outcomes: ItemOutcome[]): Promise<void> {
  for (;;) {
    const found = await store.getExecution(closing.executionId);
    if (!found || isEnded(found.value.status)) return;
    const { cancelRequest } = found.value;
    if (cancelRequest !== undefined && isSuccess(closing.status)) {
      throw new RecoveryError("cancelled", `cancelled by ${cancelRequest.requestedBy} before its end`);
    }
    const common = { ...found.value, outcomes, endedAt: toInstant(clock.now()) };
    try {
      await store.updateExecution(withEnd(common, closing), found.etag);
      return;
    } catch (thrown) {
      if (!hasCode(thrown, "etag-mismatch")) throw thrown;
    }
  }
}

function withEnd(
  common: Execution & { outcomes: ItemOutcome[]; endedAt: string },
  { status, failure }: Closing,
): Execution {
  if (status === "succeeded" || status === "succeeded-with-failures") return { ...common, status };
  return { ...common, status, failure: failure ?? { code: "operation-failed", message: "the items say why" } };
}
