import type { z } from "zod";
import { withChains } from "../domain/evidence/step-chains.js";
import type { StepRecord } from "../domain/execution.js";
import { toInstant } from "../domain/text.js";
import type { Direction } from "../domain/vocabulary.js";
import { unpackSteps } from "../durable/progress.js";
import type { Ports } from "../ports.js";
import { stepTitle } from "../steps/plan-steps.js";
import type { ItemUpdate } from "../store/port.js";
import type { settleItems as contract, SettledItem } from "./contracts.js";
import { itemsPart } from "./step-parts.js";

/**
 * Writes the new states of items that ended, and then their steps as one record, which marks their end. The execution
 * still holds the items.
 */
export async function settleItems(
  { store, clock, hash }: Ports,
  { worldId, executionId, verb, stage, slice, items }: z.output<typeof contract.input>,
): Promise<void> {
  const record: StepRecord = {
    part: itemsPart(stage, slice),
    steps: items.flatMap(({ report: { itemId }, steps }) =>
      unpackSteps(steps, (id) => stepTitle(verb, id)).map((step) => ({ ...step, itemId })),
    ),
  };
  const tested = items.filter(({ change }) => change?.tested).map(({ report }) => report.itemId);
  const records = tested.length === 0 ? [] : await store.getItems(worldId, tested);
  const directions = new Map(records.map(({ itemId, direction }) => [itemId, direction]));
  const now = toInstant(clock.now());
  const updates = items.flatMap((item) => updateOf(item, now, directions.get(item.report.itemId)));
  if (updates.length > 0) await store.updateItems(worldId, executionId, updates);
  await store.putSteps(executionId, [withChains(executionId, record, hash)]);
}

/** @param replicates the direction in which a tested item replicates: a test of one way says nothing about the other */
function updateOf({ report, change }: SettledItem, now: string, replicates: Direction | undefined): ItemUpdate[] {
  if (change === null) return [];
  const { tested, failedOver, restored, epoch, recoveryPoint, dataLoss, state, reason } = change;
  const { direction, activeSiteId } = change;
  return [
    {
      itemId: report.itemId,
      release: false,
      change: {
        state,
        reason,
        ...(epoch === undefined ? {} : { epoch }),
        ...(direction === undefined ? {} : { direction }),
        ...(activeSiteId === undefined ? {} : { activeSiteId }),
        ...(recoveryPoint === undefined ? {} : { recoveryPoint }),
        ...(dataLoss === undefined ? {} : { dataLoss }),
        ...(restored ? { recoveryPoint: null, dataLoss: null } : {}),
        ...(tested &&
          (replicates === "recovery-to-primary" ? { lastTestFailbackAt: now } : { lastTestFailoverAt: now })),
        ...(failedOver ? { lastFailoverAt: now } : {}),
      },
    },
  ];
}
